#include "minillama/io/tokenizer_json_decoder.h"

#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/tokenizer_json_values.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

/// Reads the steps of a decoder, which must come in the order in which they are carried out here:
/// what is done to each piece, bytes, putting all together, the front of the text.
class DecoderReader {
 public:
  DecoderReader(BpeDecoding& decoding, const fs::path& path) : decoding_(decoding), path_(path) {}

  void read(const Json& json) {
    const JsonObject fields(json, path_);
    const auto type = fields.string("type");
    if (type == "ByteLevel") {
      begin(Stage::byte_level, Stage::pieces, type);
      decoding_.byte_level = true;
    } else if (type == "Replace") {
      begin(Stage::pieces, Stage::pieces, type);
      decoding_.steps.emplace_back(read_replace(fields));
    } else if (type == "Metaspace") {
      begin(Stage::pieces, Stage::pieces, type);
      decoding_.steps.emplace_back(read_metaspace(fields, path_));
    } else if (type == "ByteFallback") {
      begin(Stage::bytes, Stage::pieces, type);
      decoding_.byte_fallback = true;
    } else if (type == "Fuse") {
      begin(Stage::fused, Stage::bytes, type);
    } else if (type == "Strip") {
      if (stage_ != Stage::fused) refuse_step("decoder", "Strip in front of Fuse", path_);
      read_strip(fields);
    } else {
      refuse_step("decoder", type, path_);
    }
  }

 private:
  enum class Stage { pieces, bytes, fused, byte_level };

  void begin(Stage stage, Stage last, const std::string& type) {
    const bool is_alone = stage != Stage::byte_level || decoding_.steps.empty();
    if (stage_ > last || !is_alone) {
      throw FileError(path_, fmt::format("its decoder has {} behind other steps, which is not "
                                         "supported",
                                         quote(type)));
    }
    stage_ = stage;
  }

  void read_strip(const JsonObject& fields) {
    fields.allow_only({"type", "content", "start", "stop"});
    const auto content = fields.string("content");
    const auto start = fields.integer("start");
    const auto stop = fields.integer("stop");
    const bool is_ascii = content.size() == 1 && static_cast<unsigned char>(content[0]) < 0x80;
    if (!is_ascii || start < 0 || stop != 0 || decoding_.strip_count != 0) {
      throw FileError(path_, fmt::format("its decoder strips {} from {} places in front and {} at "
                                         "the end, which is not supported",
                                         quote(content), start, stop));
    }
    decoding_.strip_character = content[0];
    decoding_.strip_count = static_cast<std::size_t>(start);
  }

  BpeDecoding& decoding_;
  const fs::path& path_;
  Stage stage_ = Stage::pieces;
};

}  // namespace

void read_decoder(const Json& json, const fs::path& path, BpeRecord& record) {
  if (json.is_null()) {
    throw FileError(path, "field \"decoder\" is missing, which is not supported");
  }
  DecoderReader reader(record.decoding, path);
  each_step(json, "decoders", path, [&](const Json& step) { reader.read(step); });
}

Json decoder_json(const BpeRecord& record) {
  const auto& decoding = record.decoding;
  if (decoding.byte_level) {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", true},
            {"use_regex", true}};
  }
  Json steps = Json::array();
  for (const auto& step : decoding.steps) {
    const auto* replace = std::get_if<Replace>(&step);
    steps.push_back(replace ? replace_json(*replace) : metaspace_json(std::get<Metaspace>(step)));
  }
  if (decoding.byte_fallback) steps.push_back({{"type", "ByteFallback"}});
  steps.push_back({{"type", "Fuse"}});
  if (decoding.strip_count > 0) {
    steps.push_back({{"type", "Strip"},
                     {"content", std::string(1, decoding.strip_character)},
                     {"start", decoding.strip_count},
                     {"stop", 0}});
  }
  return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
}

}  // namespace minillama
