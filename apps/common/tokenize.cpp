#include "common/tokenize.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "minillama/core/error.h"
#include "minillama/text/stream_decoder.h"
#include "minillama/text/text_file.h"
#include "minillama/text/token_ids.h"

#include "common/output.h"

namespace minillama::app {
namespace {

/// Lines of results. From a pipe or a terminal each is written when it comes: whoever writes to it
/// may wait for the answer.
class Lines {
 public:
  explicit Lines(bool at_once) : at_once_(at_once) {}

  void add(std::string_view line) {
    constexpr std::size_t kEnough = std::size_t{1} << 16;
    buffer_.append(line).push_back('\n');
    if (at_once_ || buffer_.size() >= kEnough) write();
  }

  void write() { write_result(std::exchange(buffer_, {})); }

 private:
  bool at_once_;
  std::string buffer_;
};

/// Prints the answer to each line. An error of one ends it behind the answers before, and names the
/// line.
template <typename Answer>
void answer_lines(const std::filesystem::path& path, const Answer& answer) {
  LineReader reader(path);
  Lines lines(is_stream(path));
  std::size_t n = 0;
  try {
    while (const auto line = reader.next()) {
      ++n;
      lines.add(answer(*line));
    }
  } catch (const OptionError& error) {
    lines.write();
    throw FileError(path == "-" ? "standard input" : path, n, error.what());
  } catch (const InputError&) {
    lines.write();
    throw;
  }
  lines.write();
}

/// None of a blank line.
TokenIds ids_in(const std::string& line) {
  if (is_blank(line)) return {};
  const auto json = nlohmann::json::parse(line, nullptr, false);
  TokenIds ids;
  if (json.is_array()) {
    for (const auto& id : json) {
      if (id.is_number_integer()) ids.push_back(id.get<std::int64_t>());
    }
  }
  if (!json.is_array() || ids.size() != json.size()) {
    throw OptionError(fmt::format("{} is no JSON list of ids", quote(line)));
  }
  return ids;
}

/// The text that tokenize_lines() has these ids of: without the BOS that it puts in front, and with
/// the special tokens, which have no text in Tokenizer::decode(), as the vocabulary spells them.
std::string text_of(const Tokenizer& tokenizer, std::span<const std::int64_t> ids) {
  const bool has_bos = !ids.empty() && with_bos(tokenizer, {}) == TokenIds{ids.front()};
  StreamDecoder stream(tokenizer, ids.first(has_bos ? 1 : 0));
  std::string text;
  for (const auto id : ids.subspan(has_bos ? 1 : 0)) {
    text += stream.push(id);
    if (tokenizer.is_control(id)) text += stream.flush() + tokenizer.piece(id);
  }
  return text + stream.flush();
}

/// Of one line.
std::string with_escapes(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : std::string(1, c);
  return out;
}

}  // namespace

Tokenizer read_tokenizer(const Arguments& arguments, const ModelArguments& model) {
  if (!arguments.given("model") && arguments.given("tokenizer")) {
    return Tokenizer::load(model.open.tokenizer);
  }
  return Checkpoint::open(model.model, model.open).tokenizer();
}

void tokenize_lines(const Tokenizer& tokenizer, const std::filesystem::path& path) {
  answer_lines(path, [&](const std::string& line) {
    return fmt::format("[{}]", fmt::join(with_bos(tokenizer, tokenizer.encode(line)), ", "));
  });
}

void detokenize_lines(const Tokenizer& tokenizer, const std::filesystem::path& path, bool json) {
  answer_lines(path, [&](const std::string& line) {
    const auto text = text_of(tokenizer, ids_in(line));
    return json ? nlohmann::json(text).dump() : with_escapes(text);
  });
}

}  // namespace minillama::app
