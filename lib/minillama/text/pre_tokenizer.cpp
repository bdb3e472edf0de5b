#include "minillama/text/pre_tokenizer.h"

#include <utility>

namespace minillama {
namespace {

/// A stretch of a text, and whether it is what was looked for.
struct Part {
  TextSpan span;
  bool is_match;
};

std::vector<Part> parts_of(std::size_t size, std::span<const TextSpan> matches, bool is_inverted) {
  std::vector<Part> parts;
  std::size_t taken = 0;
  for (const auto& match : matches) {
    if (taken < match.begin) parts.push_back({{taken, match.begin}, is_inverted});
    parts.push_back({match, !is_inverted});
    taken = match.end;
  }
  if (taken < size) parts.push_back({{taken, size}, is_inverted});
  return parts;
}

/// Puts parts together, or leaves them out, as `behavior` says.
void join(std::vector<Part>& parts, SplitBehavior behavior) {
  if (behavior == SplitBehavior::removed) {
    std::erase_if(parts, [](const Part& part) { return part.is_match; });
    return;
  }
  const bool goes_left = behavior == SplitBehavior::merged_with_next;
  std::vector<Part> joined;
  bool was_match = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[goes_left ? parts.size() - 1 - i : i];
    const bool joins = behavior == SplitBehavior::contiguous ? part.is_match == was_match
                                                             : part.is_match && !was_match;
    if (!joins || joined.empty()) {
      joined.push_back(part);
    } else if (goes_left) {
      joined.back().span.begin = part.span.begin;
    } else {
      joined.back().span.end = part.span.end;
    }
    was_match = part.is_match;
  }
  if (goes_left) {
    parts.assign(joined.rbegin(), joined.rend());
  } else {
    parts = std::move(joined);
  }
}

void add(std::string_view text, std::vector<std::string_view>& pieces) {
  if (!text.empty()) pieces.push_back(text);
}

void cut_at(std::string_view text, std::span<const TextSpan> matches, SplitBehavior behavior,
            bool is_inverted, std::vector<std::string_view>& pieces) {
  if (behavior == SplitBehavior::isolated) {  // the usual one, without a list of parts
    std::size_t taken = 0;
    for (const auto& match : matches) {
      add(text.substr(taken, match.begin - taken), pieces);
      add(text.substr(match.begin, match.end - match.begin), pieces);
      taken = match.end;
    }
    add(text.substr(taken), pieces);
    return;
  }
  auto parts = parts_of(text.size(), matches, is_inverted);
  join(parts, behavior);
  for (const auto& [span, unused] : parts) {
    add(text.substr(span.begin, span.end - span.begin), pieces);
  }
}

std::optional<Pattern> pattern_of(const PreTokenizerStep& step, const std::filesystem::path& path) {
  if (const auto* split = std::get_if<Split>(&step)) return Pattern(split->pattern, path);
  if (const auto* space = std::get_if<Metaspace>(&step)) return Pattern({space->replacement}, path);
  return {};
}

/// `text` with `prefix` in front, unless it begins so or nothing is to be put there.
std::string_view with_prefix(std::string_view text, std::string_view prefix, StretchBegin begin,
                             std::deque<std::string>& owned) {
  if (begin == StretchBegin::continuation || text.starts_with(prefix)) return text;
  return owned.emplace_back(std::string(prefix).append(text));
}

std::string_view with_metaspace(std::string_view text, const Metaspace& step, StretchBegin begin,
                                std::deque<std::string>& owned) {
  std::string replaced;
  for (const char c : text) {
    if (c == ' ') {
      replaced += step.replacement;
    } else {
      replaced += c;
    }
  }
  text = owned.emplace_back(std::move(replaced));
  const bool prepends = step.scheme == PrependScheme::always ||
                        (step.scheme == PrependScheme::first && begin == StretchBegin::text);
  return prepends ? with_prefix(text, step.replacement, begin, owned) : text;
}

}  // namespace

PreTokenizer::PreTokenizer(std::span<const PreTokenizerStep> steps,
                           const std::filesystem::path& path) {
  for (const auto& step : steps) steps_.push_back({step, pattern_of(step, path)});
}

void PreTokenizer::cut(std::string_view text, StretchBegin begin, Pieces& pieces) const {
  pieces.texts.assign(1, text);
  pieces.owned.clear();
  for (const auto& [step, pattern] : steps_) {
    std::swap(pieces.texts, pieces.before);
    pieces.texts.clear();
    auto place = begin;
    for (std::string_view piece : pieces.before) {
      if (const auto* split = std::get_if<Split>(&step)) {
        pattern->find_all(piece, pieces.matches);
        cut_at(piece, pieces.matches, split->behavior, split->is_inverted, pieces.texts);
      } else if (const auto* space = std::get_if<Metaspace>(&step)) {
        piece = with_metaspace(piece, *space, place, pieces.owned);
        pieces.matches.clear();
        if (space->splits) pattern->find_all(piece, pieces.matches);
        cut_at(piece, pieces.matches, SplitBehavior::merged_with_next, false, pieces.texts);
      } else {
        add(with_prefix(piece, " ", place, pieces.owned), pieces.texts);
      }
      place = StretchBegin::inside;
    }
  }
}

}  // namespace minillama
