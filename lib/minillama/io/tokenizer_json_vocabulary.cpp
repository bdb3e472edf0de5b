#include "minillama/io/tokenizer_json_vocabulary.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "minillama/core/error.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

/// Takes the vocabulary and merges out of the file as it is parsed.
class VocabularyFilter {
 public:
  VocabularyFilter(StoredVocabulary& vocabulary, const fs::path& path)
      : vocabulary_(vocabulary), path_(path) {}

  /// Whether the part is kept.
  bool operator()(int depth, Json::parse_event_t event, const Json& part) {
    using Event = Json::parse_event_t;
    if (depth > kMaxDepth) throw FileError(path_, "holds lists or objects within too many others");
    const auto level = static_cast<std::size_t>(depth);
    if (event == Event::object_start) n_fields_[level] = 0;
    if (event == Event::key && !is_in("vocab", depth)) {
      if (++n_fields_[level] > kMaxFields)
        throw FileError(path_, "has an object of too many fields");
      if (level < keys_.size()) keys_[level] = part.get<std::string>();
      if (level == 1) keys_[2].clear();
      return true;
    }
    if (is_in("vocab", depth)) return take_piece(depth, event, part);
    if (is_in("merges", depth)) return take_merge(depth, event, part);
    return true;
  }

 private:
  static constexpr int kMaxDepth = 32;
  static constexpr std::size_t kMaxFields = 10000;  // of an object other than the vocabulary
  static constexpr int kDepth = 3;                  // of what stands in them

  bool is_in(std::string_view list, int depth) const {
    return depth >= kDepth && keys_[1] == "model" && keys_[2] == list;
  }

  bool take_piece(int depth, Json::parse_event_t event, const Json& part) {
    using Event = Json::parse_event_t;
    if (event == Event::key && depth == kDepth) {
      vocabulary_.pieces.emplace_back(part.get<std::string>(), -1);
      return false;
    }
    if (vocabulary_.pieces.empty()) return true;  // a list, as other kinds of models have one
    auto& [text, id] = vocabulary_.pieces.back();
    if (event != Event::value || !part.is_number_integer() || part.get<std::int64_t>() < 0) {
      throw FileError(path_, fmt::format("the token {} has the id {}", quote(text), shown(part)));
    }
    id = part.get<std::int64_t>();
    return false;
  }

  /// One merge is "a b" or ["a", "b"].
  bool take_merge(int depth, Json::parse_event_t event, const Json& part) {
    using Event = Json::parse_event_t;
    const bool is_one = depth == kDepth && (event == Event::value || event == Event::array_end);
    if (!is_one) return true;
    if (part.is_string()) {
      const auto& text = part.get_ref<const std::string&>();
      const std::size_t space = text.find(' ');
      if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
        refuse_merge(part);
      }
      vocabulary_.merges.emplace_back(text.substr(0, space), text.substr(space + 1));
      return false;
    }
    if (!part.is_array() || part.size() != 2 || !part[0].is_string() || !part[1].is_string()) {
      refuse_merge(part);
    }
    vocabulary_.merges.emplace_back(part[0].get<std::string>(), part[1].get<std::string>());
    return false;
  }

  [[noreturn]] void refuse_merge(const Json& merge) const {
    throw FileError(path_, fmt::format("merge {} is {}, must be two tokens",
                                       vocabulary_.merges.size(), shown(merge)));
  }

  StoredVocabulary& vocabulary_;
  const fs::path& path_;
  std::array<std::string, 3> keys_;  // those of the objects that are open, from level 1
  std::array<std::size_t, kMaxDepth + 1> n_fields_{};
};

}  // namespace

Json parse_tokenizer_json(Bytes bytes, const fs::path& path, StoredVocabulary& vocabulary) {
  return parse_json(as_text(bytes), path, VocabularyFilter(vocabulary, path));
}

}  // namespace minillama
