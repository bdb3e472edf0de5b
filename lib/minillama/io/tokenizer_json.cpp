#include "minillama/io/tokenizer_json.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/io/bpe_check.h"
#include "minillama/io/piece_ids.h"
#include "minillama/io/tokenizer_json_decoder.h"
#include "minillama/io/tokenizer_json_steps.h"
#include "minillama/io/tokenizer_json_vocabulary.h"

namespace minillama {
namespace fs = std::filesystem;
namespace {

/// Puts each piece where its id says; one may be named twice.
std::vector<std::string> placed(std::vector<std::pair<std::string, std::int64_t>> pieces,
                                const fs::path& path) {
  std::ranges::stable_sort(pieces, {}, [](const auto& piece) { return piece.second; });
  std::vector<std::string> placed;
  for (auto& [text, id] : pieces) {
    const auto next = std::ssize(placed);
    if (id == next) {
      placed.push_back(std::move(text));
    } else if (id > next) {
      throw FileError(path, fmt::format("has a token with the id {}, and none with {}", id, next));
    } else if (text != placed.back()) {
      throw FileError(path, fmt::format("the tokens {} and {} have the id {}", quote(placed.back()),
                                        quote(text), id));
    }
  }
  return placed;
}

void resolve_merges(const StoredVocabulary& vocabulary, const PieceIds& ids, const fs::path& path,
                    BpeRecord& record) {
  const auto id_of = [&](std::string_view text, std::size_t rank) {
    const auto id = ids.find(text);
    if (id < 0) {
      throw FileError(path, fmt::format("merge {} has {}, which is no token", rank, quote(text)));
    }
    return id;
  };
  std::string both;
  for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const auto& [left, right] = vocabulary.merges[rank];
    both.assign(left).append(right);
    record.merges.push_back({id_of(left, rank), id_of(right, rank), id_of(both, rank)});
  }
}

std::string text_or_empty(const JsonObject& fields, std::string_view key) {
  return fields.has(key) ? fields.string(key) : "";
}

void check_type(const Json& file, const fs::path& path) {
  const auto model = JsonObject(file, path).object("model");
  if (!model.has("type")) return;  // as in files of old
  if (const auto type = model.string("type"); type != "BPE") {
    throw FileError(path,
                    fmt::format("its model is of the kind {}; only \"BPE\" is read", quote(type)));
  }
}

void read_model(const Json& file, const StoredVocabulary& vocabulary, const PieceIds& ids,
                const fs::path& path, BpeRecord& record) {
  const auto fields = JsonObject(file, path).object("model");
  fields.allow_only({"type", "dropout", "unk_token", "continuing_subword_prefix",
                     "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                     "merges"});
  for (const auto* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (const auto text = text_or_empty(fields, key); !text.empty()) {
      throw FileError(
          path, fmt::format("field {} is {}, which is not supported", quote(key), quote(text)));
    }
  }
  if (fields.has("dropout") && fields.number("dropout") != 0) {
    throw FileError(path, "field \"dropout\" is not 0, which is not supported");
  }
  const auto flag = [&](const char* key) { return fields.has(key) && fields.boolean(key); };
  record.fuse_unknown = flag("fuse_unk");
  record.byte_fallback = flag("byte_fallback");
  record.ignore_merges = flag("ignore_merges");
  if (const auto unknown = text_or_empty(fields, "unk_token"); !unknown.empty()) {
    record.unknown = ids.find(unknown);
    record.drops_unknown = false;
    if (record.unknown < 0) {
      throw FileError(path, fmt::format("unk_token is {}, which is no token", quote(unknown)));
    }
  }
  resolve_merges(vocabulary, ids, path, record);
}

/// An added token and its text.
std::pair<AddedPiece, std::string> read_added_token(const Json& token, const fs::path& path) {
  const JsonObject fields(token, path);
  fields.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  const auto id = fields.integer("id");
  auto content = fields.string("content");
  if (id < 0 || id > INT32_MAX) {
    throw FileError(path, fmt::format("the added token {} has the id {}", quote(content), id));
  }
  const AddedPiece added{.id = static_cast<std::int32_t>(id),
                         .is_special = fields.boolean("special"),
                         .is_normalized = fields.boolean("normalized"),
                         .is_word = fields.boolean("single_word"),
                         .strips_left = fields.boolean("lstrip"),
                         .strips_right = fields.boolean("rstrip")};
  return {added, std::move(content)};
}

/// Reads the pieces: those of the vocabulary, and added ones, which it may lack.
void read_pieces(const Json& file, StoredVocabulary& vocabulary, const fs::path& path,
                 BpeRecord& record) {
  auto pieces = std::move(vocabulary.pieces);
  const auto list = file.find("added_tokens");
  if (list != file.end() && !list->is_null()) {
    if (!list->is_array()) throw FileError(path, "field \"added_tokens\" is no list");
    std::unordered_set<std::int64_t> lacking;
    for (const Json& token : *list) {
      auto [added, content] = read_added_token(token, path);
      record.added.push_back(added);
      pieces.emplace_back(std::move(content), added.id);
      lacking.insert(added.id);
    }
    const std::size_t n_known = pieces.size() - record.added.size();
    for (std::size_t i = 0; i < n_known; ++i) lacking.erase(pieces[i].second);
    for (auto& added : record.added) added.is_mergeable = !lacking.contains(added.id);
    std::ranges::sort(record.added, {}, &AddedPiece::id);
  }
  record.pieces = placed(std::move(pieces), path);
}

/// The one token of a template's entry in "special_tokens".
std::int64_t template_id(const Json& step, const std::string& name, const fs::path& path) {
  const auto ids = JsonObject(step, path).object("special_tokens").object(name).integers("ids");
  if (ids.size() != 1) {
    throw FileError(
        path, fmt::format("its post_processor has {} tokens for {}", ids.size(), quote(name)));
  }
  return ids[0];
}

/// `single`: what becomes of one text: it may have one token in front.
void read_template(const Json& step, const fs::path& path, BpeRecord& record) {
  const JsonObject fields(step, path);
  fields.allow_only({"type", "single", "pair", "special_tokens"});
  const auto single = step.find("single");
  if (single == step.end() || !single->is_array()) {
    throw FileError(path, "field \"single\" is no list");
  }
  bool has_text = false;
  for (const Json& part : *single) {
    const JsonObject part_fields(part, path);
    if (part_fields.has("Sequence")) {
      has_text = true;
      continue;
    }
    const auto name = part_fields.object("SpecialToken").string("id");
    if (has_text || record.adds_bos) {
      throw FileError(path, fmt::format("its post_processor puts {} {} a text, which is not "
                                        "supported",
                                        quote(name), has_text ? "behind" : "and more in front of"));
    }
    record.bos = template_id(step, name, path);
    record.adds_bos = true;
  }
}

void read_post_processor(const Json& json, const fs::path& path, BpeRecord& record) {
  if (json.is_null()) return;
  const JsonObject fields(json, path);
  const auto type = fields.string("type");
  if (type == "TemplateProcessing") {
    read_template(json, path, record);
  } else if (type == "Sequence") {
    const auto steps = json.find("processors");
    if (steps == json.end() || !steps->is_array()) {
      throw FileError(path, "field \"processors\" is no list");
    }
    for (const Json& step : *steps) read_post_processor(step, path, record);
  } else if (type != "ByteLevel") {  // that one is about offsets alone
    throw FileError(path, fmt::format("its post_processor is of the kind {}, which is not "
                                      "supported",
                                      quote(type)));
  }
}

Json at_or_null(const Json& file, const char* key) {
  const auto found = file.find(key);
  return found == file.end() ? Json() : *found;
}

/// What must be so for the ids to be those of the library that wrote the file.
void check_decoding(const BpeRecord& record, const fs::path& path) {
  if (record.byte_level != record.decoding.byte_level) {
    throw FileError(path, "of its pre_tokenizer and decoder only one is \"ByteLevel\"");
  }
}

Json added_json(const BpeRecord& record) {
  Json list = Json::array();
  for (const auto& added : record.added) {
    list.push_back({{"id", added.id},
                    {"content", record.pieces[static_cast<std::size_t>(added.id)]},
                    {"single_word", added.is_word},
                    {"lstrip", added.strips_left},
                    {"rstrip", added.strips_right},
                    {"normalized", added.is_normalized},
                    {"special", added.is_special}});
  }
  return list;
}

Json post_processor_json(const BpeRecord& record) {
  if (!record.adds_bos || record.bos < 0) return {};
  const auto& bos = record.pieces[static_cast<std::size_t>(record.bos)];
  const auto special = [&](int type) -> Json {
    return {{"SpecialToken", {{"id", bos}, {"type_id", type}}}};
  };
  const auto text = [](const char* id, int type) -> Json {
    return {{"Sequence", {{"id", id}, {"type_id", type}}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", Json::array({special(0), text("A", 0)})},
          {"pair", Json::array({special(0), text("A", 0), special(1), text("B", 1)})},
          {"special_tokens", {{bos, {{"id", bos}, {"ids", {record.bos}}, {"tokens", {bos}}}}}}};
}

std::string json_text(std::string_view text) {
  return Json(text).dump();
}

/// The model's object; written as text, as JSON's objects are slow with so many fields.
std::string model_text(const BpeRecord& record) {
  std::vector<bool> is_mergeable(record.pieces.size(), true);
  for (const auto& added : record.added) {
    is_mergeable[static_cast<std::size_t>(added.id)] = added.is_mergeable;
  }
  const auto piece = [&](std::int64_t id) {
    return json_text(record.pieces[static_cast<std::size_t>(id)]);
  };
  std::string out = fmt::format(
      R"({{"type":"BPE","dropout":null,"unk_token":{},"continuing_subword_prefix":null,)"
      R"("end_of_word_suffix":null,"fuse_unk":{},"byte_fallback":{},"ignore_merges":{},"vocab":{{)",
      record.drops_unknown ? "null" : piece(record.unknown), record.fuse_unknown,
      record.byte_fallback, record.ignore_merges);
  const char* separator = "\n";
  for (std::size_t id = 0; id < record.pieces.size(); ++id) {
    if (!is_mergeable[id]) continue;
    out += fmt::format("{}{}:{}", separator, json_text(record.pieces[id]), id);
    separator = ",\n";
  }
  out += "},\"merges\":[";
  separator = "\n";
  for (const auto& merge : record.merges) {
    out += fmt::format("{}[{},{}]", separator, piece(merge.left), piece(merge.right));
    separator = ",\n";
  }
  return out + "]}";
}

}  // namespace

BpeRecord read_tokenizer_json(Bytes bytes, const fs::path& path) {
  StoredVocabulary vocabulary;
  const Json file = parse_tokenizer_json(bytes, path, vocabulary);
  JsonObject(file, path)
      .allow_only({"version", "truncation", "padding", "added_tokens", "normalizer",
                   "pre_tokenizer", "post_processor", "decoder", "model"});
  check_type(file, path);
  BpeRecord record;
  read_pieces(file, vocabulary, path, record);
  PieceIds ids(record.pieces);
  for (const auto& added : record.added) {
    if (!added.is_mergeable) ids.remove(record.pieces[static_cast<std::size_t>(added.id)]);
  }
  read_model(file, vocabulary, ids, path, record);
  read_normalizer(at_or_null(file, "normalizer"), path, record);
  read_pre_tokenizer(at_or_null(file, "pre_tokenizer"), path, record);
  read_decoder(at_or_null(file, "decoder"), path, record);
  read_post_processor(at_or_null(file, "post_processor"), path, record);
  check_decoding(record, path);
  check_bpe_record(record, path);
  return record;
}

std::string tokenizer_json(const BpeRecord& record) {
  Json file = {{"version", "1.0"},
               {"truncation", nullptr},
               {"padding", nullptr},
               {"added_tokens", added_json(record)},
               {"normalizer", normalizer_json(record)},
               {"pre_tokenizer", pre_tokenizer_json(record)},
               {"post_processor", post_processor_json(record)},
               {"decoder", decoder_json(record)}};
  auto text = file.dump(2);
  text.resize(text.size() - 2);  // the end of the object
  return fmt::format("{},\n  \"model\": {}\n}}\n", text, model_text(record));
}

}  // namespace minillama
