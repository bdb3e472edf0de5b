#include "common/info.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/checkpoint/chat_template_file.h"
#include "minillama/checkpoint/model_json.h"
#include "minillama/core/error.h"
#include "minillama/core/json.h"
#include "minillama/text/chat_template.h"
#include "minillama/text/tokenizer_kind.h"

#include "common/output.h"

namespace minillama::app {
namespace {

Json token_json(const Tokenizer& tokenizer, std::int64_t id) {
  if (id < 0) return {};
  return {{"id", id}, {"text", tokenizer.piece(id)}};
}

/// "byte-pair" of a tokenizer of tokenizer.json's kind.
std::string kind_of(const Tokenizer& tokenizer) {
  for (const auto& kind : tokenizer_kinds()) {
    const auto is_its = [&](const TokenizerFile& file) { return file.name == kind.file; };
    if (std::ranges::any_of(tokenizer.files(), is_its)) return std::string(kind.name);
  }
  return "unknown";
}

Json tokenizer_json(const Tokenizer& tokenizer) {
  auto stops = Json::array();
  for (const auto id : tokenizer.stop_ids()) stops.push_back(token_json(tokenizer, id));
  auto control = Json::array();
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_control(id)) control.push_back(token_json(tokenizer, id));
  }
  return {{"kind", kind_of(tokenizer)},
          {"vocab_size", tokenizer.vocab_size()},
          {"add_bos", tokenizer.special_tokens().add_bos && tokenizer.bos_id() >= 0},
          {"bos", token_json(tokenizer, tokenizer.bos_id())},
          {"eos", token_json(tokenizer, tokenizer.eos_id())},
          {"unk", token_json(tokenizer, tokenizer.unk_id())},
          {"stop_ids", tokenizer.stop_ids()},
          {"control_tokens", std::move(control)}};
}

/// The tokenizer, or {"error": …} in its place.
Json tokenizer_of(const Checkpoint& checkpoint) {
  try {
    return tokenizer_json(checkpoint.tokenizer());
  } catch (const FileError& error) {
    return {{"error", error.what()}};
  }
}

/// The kind of the chat template, "unknown" of one that is of none of the known; null if there is
/// none.
Json chat_template_of(const std::filesystem::path& model) {
  const auto text = read_chat_template(model);
  if (!text) return {};
  return chat_template_kind(text->jinja, text->path).value_or("unknown");
}

std::size_t bytes_of(const TensorRecord& tensor) {
  return storage_size(tensor.dtype, element_count(tensor));
}

bool is_matrix(const TensorRecord& tensor) {
  return tensor.shape.size() == 2;
}

/// Matrices that nothing computes with as they lie: [{"type": "q2_k", "to": "q8_0", "tensors": 7}].
Json conversions(const StoredModel& stored) {
  std::map<DType, std::size_t> counts;
  for (const auto& tensor : stored.tensors) {
    const bool is_float =
        tensor.dtype == DType::float64 || find_weight_format(tensor.dtype) != nullptr;
    if (!is_matrix(tensor) || !is_float) continue;
    if (computed_format(tensor.dtype).dtype != tensor.dtype) ++counts[tensor.dtype];
  }
  auto rows = Json::array();
  for (const auto& [type, count] : counts) {
    rows.push_back({{"type", to_string(type)},
                    {"to", to_string(computed_format(type).dtype)},
                    {"tensors", count}});
  }
  return rows;
}

Json tensors_json(const StoredModel& stored) {
  auto rows = Json::array();
  for (const auto* tensors : {&stored.tensors, &stored.head}) {
    for (const auto& tensor : *tensors) {
      rows.push_back({{"name", tensor.name},
                      {"type", to_string(tensor.dtype)},
                      {"shape", tensor.shape},
                      {"bytes", bytes_of(tensor)}});
    }
  }
  return rows;
}

Json info_of(const Checkpoint& checkpoint) {
  const auto& stored = checkpoint.stored();
  std::int64_t parameters = 0;
  std::size_t bytes = 0;
  for (const auto* tensors : {&stored.tensors, &stored.head}) {
    for (const auto& tensor : *tensors) {
      parameters += element_count(tensor);
      bytes += bytes_of(tensor);
    }
  }
  Json config;
  write_model_config(checkpoint.config(), config);
  config["head_dim"] = checkpoint.config().head_dim;
  Json info{{"path", checkpoint.path().native()},
            {"format", stored.format},
            {"parameters", parameters},
            {"bytes", bytes},
            {"config", std::move(config)}};
  if (stored.classifier) info["classifier"] = to_json(*stored.classifier);
  for (const auto& [name, options] : stored.adapters) info["adapters"][name] = to_json(options);
  if (!stored.active_adapter.empty()) info["active_adapter"] = stored.active_adapter;
  info["tokenizer"] = tokenizer_of(checkpoint);
  info["chat_template"] = chat_template_of(checkpoint.path());
  info["converted_at_load"] = conversions(stored);
  info["tensors"] = tensors_json(stored);
  return info;
}

void print_row(std::string_view name, std::string_view value) {
  print("{:<22} {}\n", printable(name), value);
}

/// `2 "<|im_end|>"`; "none" of null.
std::string token_words(const Json& token) {
  if (token.is_null()) return "none";
  return fmt::format("{} {}", token.at("id").get<std::int64_t>(),
                     quote(token.at("text").get_ref<const std::string&>()));
}

/// The first of them, and how many more there are.
std::string token_list(const Json& tokens) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> words;
  for (const auto& token : tokens) {
    if (words.size() == kMost) {
      words.push_back(fmt::format("… ({} in all)", tokens.size()));
      break;
    }
    words.push_back(token_words(token));
  }
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

void print_tokenizer(const Json& tokenizer) {
  if (tokenizer.contains("error")) {
    return print_row("tokenizer", tokenizer.at("error").get_ref<const std::string&>());
  }
  print_row("tokenizer", fmt::format("{}, {} tokens", tokenizer.at("kind").get<std::string>(),
                                     tokenizer.at("vocab_size").get<std::int64_t>()));
  print_row("BOS", token_words(tokenizer.at("bos")) +
                       (tokenizer.at("add_bos").get<bool>() ? ", in front of a text" : ""));
  print_row("EOS", token_words(tokenizer.at("eos")));
  print_row("unknown", token_words(tokenizer.at("unk")));
  print_row("control tokens", token_list(tokenizer.at("control_tokens")));
  print_row("ends a text",
            fmt::format(
                "{}", fmt::join(tokenizer.at("stop_ids").get<std::vector<std::int64_t>>(), ", ")));
}

void print_table(const Json& info) {
  print_row("file", printable(info.at("path").get_ref<const std::string&>()));
  print_row("format", info.at("format").get<std::string>());
  print_row("parameters", info.at("parameters").dump());
  print_row("bytes of tensors", info.at("bytes").dump());
  for (const auto& [name, value] : info.at("config").items()) {
    print_row(name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const std::string part : {"classifier", "adapters", "active_adapter"}) {
    if (info.contains(part)) print_row(part, info.at(part).dump());
  }
  print_tokenizer(info.at("tokenizer"));
  const auto& chat = info.at("chat_template");
  print_row("chat template", chat.is_null() ? "none" : chat.get<std::string>());
  const auto& converted = info.at("converted_at_load");
  for (const auto& row : converted) {
    print_row("converted at load",
              fmt::format("{} matrices of {} become {}", row.at("tensors").get<std::size_t>(),
                          row.at("type").get<std::string>(), row.at("to").get<std::string>()));
  }
  if (converted.empty()) print_row("converted at load", "nothing: used as it lies");
  print("\n{:<48} {:<9} {:>16} {:>12}\n", "tensor", "type", "shape", "bytes");
  for (const auto& tensor : info.at("tensors")) {
    const auto shape = tensor.at("shape").get<std::vector<std::int64_t>>();
    print("{:<48} {:<9} {:>16} {:>12}\n",
          printable(tensor.at("name").get_ref<const std::string&>()),
          tensor.at("type").get<std::string>(), fmt::format("{}", fmt::join(shape, " x ")),
          tensor.at("bytes").get<std::size_t>());
  }
}

}  // namespace

void print_info(const ModelArguments& model, bool json) {
  const auto info = info_of(Checkpoint::open(model.model, model.open));
  if (json) {
    print("{}\n", info.dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    print_table(info);
  }
}

}  // namespace minillama::app
