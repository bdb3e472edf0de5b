#include "minillama/model/gguf_adapter.h"

#include <algorithm>

#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/core/error.h"
#include "minillama/io/gguf.h"
#include "minillama/model/adapters.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/filled_adapter.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

Llama adapted(const ModelConfig& config, std::vector<std::string> targets) {
  Llama llama(config, make_generator(1));
  add_adapter(llama, "a", LoraOptions{.rank = 3, .alpha = 12, .targets = std::move(targets)},
              make_generator(2));
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : adapter_parameters(llama, "a")) {
    parameter.normal_(0, 0.3, make_generator(3));
  }
  return llama;
}

const ModelConfig kConfig{.dim = 16,
                          .n_layers = 2,
                          .n_heads = 4,
                          .n_kv_heads = 2,
                          .hidden_dim = 24,
                          .vocab_size = 20,
                          .max_seq_len = 8,
                          .norm = NormKind::rmsnorm};

torch::Tensor tensor_of(const GgufFile& file, const std::string& name) {
  const auto found = std::ranges::find(file.tensors(), name, &TensorRecord::name);
  REQUIRE(found != file.tensors().end());
  CHECK(found->dtype == DType::float32);
  auto tensor = torch::empty(found->shape);
  copy_elements(*found, static_cast<std::byte*>(tensor.data_ptr()));
  return tensor;
}

torch::Tensor parameter_of(Llama& llama, const std::string& name) {
  return llama->named_parameters()[name].detach();
}

}  // namespace

TEST_CASE("gguf adapter: every matrix is there by llama.cpp's name, and the scale as alpha") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "a.gguf";
  auto llama = adapted(kConfig.resolved(), {"compute_query", "compute_output", "w2"});
  write_gguf_adapter(path, llama);
  const GgufFile file(path);
  CHECK(file.text("general.architecture") == "llama");
  CHECK(file.text("general.type") == "adapter");
  CHECK(file.text("adapter.type") == "lora");
  CHECK(file.number("adapter.lora.alpha") == 12);
  CHECK(file.tensors().size() == 2 * 2 * 3);
  for (const auto& [ours, theirs] : {std::pair("attention.compute_query", "attn_q"),
                                     {"attention.compute_output", "attn_output"},
                                     {"feed_forward.w2", "ffn_down"}}) {
    for (const std::string layer : {"0", "1"}) {
      for (const auto& [part, end] : {std::pair("lora_A", "lora_a"), {"lora_B", "lora_b"}}) {
        const auto name = fmt::format("blk.{}.{}.weight.{}", layer, theirs, end);
        INFO(name);
        CHECK(
            torch::equal(tensor_of(file, name),
                         parameter_of(llama, fmt::format("layers.{}.{}.a.{}", layer, ours, part))));
      }
    }
  }
}

TEST_CASE("gguf adapter: rows are in the order of the architecture's heads") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "a.gguf";
  auto config = kConfig;
  config.qk_norm = true;  // qwen3, whose heads rotate halves
  auto llama = adapted(config.resolved(), {"compute_query", "compute_key", "compute_value"});
  write_gguf_adapter(path, llama);
  const GgufFile file(path);
  CHECK(file.text("general.architecture") == "qwen3");
  const auto in_halves = [](const torch::Tensor& b, std::int64_t heads) {
    return b.view({heads, 2, 2, 3}).transpose(1, 2).reshape({4 * heads, 3});
  };
  const auto b = [&](const std::string& linear) {
    return parameter_of(llama, "layers.1.attention." + linear + ".a.lora_B");
  };
  CHECK(torch::equal(tensor_of(file, "blk.1.attn_q.weight.lora_b"),
                     in_halves(b("compute_query"), 4)));
  CHECK(
      torch::equal(tensor_of(file, "blk.1.attn_k.weight.lora_b"), in_halves(b("compute_key"), 2)));
  CHECK(torch::equal(tensor_of(file, "blk.1.attn_v.weight.lora_b"), b("compute_value")));
}

TEST_CASE(
    "gguf adapter: what alpha / rank does not make of a scale stands in B, and all of pissa") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "a.gguf";
  for (const auto& options : {LoraOptions{.rank = 3,
                             .alpha = 6,
                             .targets = {"w1", "w2"},
                             .rank_stabilized = true,
                             .ranks = {{"w2", 2}},
                             .alphas = {{"layers.1.feed_forward.w1", 0}}},
                              LoraOptions{.targets = {"w1", "w2"}, .init = LoraInit::pissa}}) {
    Llama llama(kConfig.resolved(), make_generator(1));
    add_adapter(llama, "a", options, make_generator(2));
    test::fill_adapter(llama, "a");
    write_gguf_adapter(path, llama);
    const GgufFile file(path);
    const auto alpha = file.number("adapter.lora.alpha");
    const torch::NoGradGuard no_grad;
    const auto before = test::copy_of_parameters(*llama);
    merge_adapter(llama);
    for (const auto& [name, value] : before) {
      if (!name.ends_with("w1.weight") && !name.ends_with("w2.weight")) continue;
      INFO(name);
      const auto theirs = fmt::format("blk.{}.{}.weight.", name[7],
                                      name.ends_with("w1.weight") ? "ffn_gate" : "ffn_down");
      const auto b = tensor_of(file, theirs + "lora_b");
      const auto delta = b.mm(tensor_of(file, theirs + "lora_a")) * (alpha / b.size(1));
      CHECK(test::difference(parameter_of(llama, name), value + delta, 1e-4, 1e-4) == "");
    }
  }
}

TEST_CASE("gguf adapter: what llama.cpp could not read is refused, and nothing is written") {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "a.gguf";
  const auto refused = [&](Llama llama, const std::string& why) {
    CHECK_THROWS_WITH(write_gguf_adapter(path, llama), test::contains(why));
    CHECK_FALSE(std::filesystem::exists(path));
  };
  refused(Llama(kConfig.resolved(), make_generator(1)), "no active adapter");
  auto config = kConfig;
  config.norm = NormKind::layernorm;
  refused(adapted(config.resolved(), {"w1"}), "this model has LayerNorm");
  auto broken = adapted(kConfig.resolved(), {"w1"});
  {
    const torch::NoGradGuard no_grad;
    adapter_parameters(broken, "a").front().second.fill_(std::numeric_limits<float>::quiet_NaN());
  }
  refused(broken, "not finite");
}
