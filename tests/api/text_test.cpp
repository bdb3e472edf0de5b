// What text, optimizers and core say to wrong arguments, header by header: see coverage_test.cpp.

#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include "minillama/minillama.h"

#include "support/catch.h"
#include "support/option_error.h"
#include "support/small_model.h"

using namespace minillama;
using test::option_error;

TEST_CASE("arguments: core/device.h, core/random.h and core/model_config.h") {
  for (const auto* text : {"", "gpu", "cuda:", "cuda:-1", "cuda:99", "cuda:1x", "cpu "}) {
    CHECK_THAT(option_error([&] { parse_device(text); }), contains("device is"));
  }
  CHECK_THAT(option_error([] { set_threads(0); }), contains("threads is 0"));
  CHECK_THAT(option_error([] { set_threads(-1); }), contains("threads is -1"));
  CHECK_THAT(option_error([] { set_threads(1 << 20); }), contains("threads is 1048576"));
  CHECK_THAT(option_error([] { draw_normal(torch::zeros({2}), 1, {}); }), contains("generator"));
  CHECK_THAT(option_error([] { draw_uniform({}, 1, make_generator(0)); }), contains("undefined"));
  CHECK_THAT(option_error([] { generator_for(torch::kCPU, {}); }), contains("generator"));
  CHECK_THAT(option_error([] { attention_kind("none"); }), contains("\"none\""));
  CHECK_THAT(option_error([] { norm_kind(""); }), contains("norm"));
  const auto resolve = [](const ModelConfig& config) {
    return option_error([&] { config.resolved(); });
  };
  CHECK_THAT(resolve({.dim = 0}), contains("0"));
  CHECK_THAT(resolve({.n_layers = -1}), contains("-1"));
  CHECK_THAT(resolve({.n_heads = 7}), contains("7"));
  CHECK_THAT(resolve({.n_kv_heads = 3}), contains("3"));
  CHECK_THAT(resolve({.vocab_size = 0}), contains("0"));
  CHECK_THAT(resolve({.norm_eps = std::nan("")}), contains("nan"));
  CHECK_THAT(resolve({.dropout = 1}), contains("1"));
}

TEST_CASE("arguments: text/batch.h") {
  const std::vector<TokenIds> none;
  CHECK_THAT(option_error([&] { pad_right(none, 0); }), contains("no sequences"));
  const auto batches = [](std::vector<std::int64_t> lengths, std::int64_t tokens,
                          std::int64_t workers) {
    return option_error([&] { batches_by_length(lengths, tokens, workers); });
  };
  CHECK(batches({}, 1, 1) == "accepted");
  CHECK_THAT(batches({1, 2}, 0, 1), contains("max_tokens is 0"));
  CHECK_THAT(batches({1, 2}, 8, 0), contains("workers is 0"));
  CHECK_THAT(batches({1, 2}, 8, -1), contains("workers is -1"));
  CHECK_THAT(batches({1, -2}, 8, 1), contains("length -2"));
  CHECK_THAT(batches({std::numeric_limits<std::int64_t>::max()}, 8, 1), contains("length 9223"));
}

TEST_CASE("arguments: text/tokenizer.h and text/stream_decoder.h") {
  auto tokenizer = test::small_tokenizer();
  const auto size = tokenizer.vocab_size();
  CHECK_THAT(option_error([&] { tokenizer.encode("a\xFF"); }), contains("UTF-8"));
  for (const auto id : {std::int64_t{-1}, size, std::numeric_limits<std::int64_t>::min()}) {
    const TokenIds ids{1, id};
    CHECK_THAT(option_error([&] { tokenizer.decode(ids); }), contains("vocabulary"));
    CHECK_THAT(option_error([&] { tokenizer.piece(id); }), contains("vocabulary"));
    CHECK_THAT(option_error([&] { tokenizer.is_byte(id); }), contains("vocabulary"));
    CHECK_THAT(option_error([&] { tokenizer.is_control(id); }), contains("vocabulary"));
    CHECK_THAT(option_error([&] { StreamDecoder(tokenizer, ids); }), contains("vocabulary"));
    CHECK_THAT(option_error([&] { StreamDecoder(tokenizer).push(id); }), contains("vocabulary"));
  }
  CHECK_THAT(option_error([&] { tokenizer.set_special_tokens({.stop_ids = {-1}}); }),
             contains("stop id -1"));
  CHECK_THAT(option_error([&] { tokenizer.set_special_tokens({.stop_ids = {size}}); }),
             contains("vocabulary"));
  const test::TemporaryDirectory directory;
  const auto text = directory.file("text", "a few words\n");
  CHECK_THROWS_AS(Tokenizer::train(text, -1), InputError);
  CHECK_THROWS_AS(Tokenizer::train(text, 5000), InputError);

  const auto taken = std::move(tokenizer);
  // NOLINTBEGIN(bugprone-use-after-move): what it says then
  CHECK_THAT(option_error([&] { tokenizer.encode("a"); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.decode(TokenIds{1}); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.vocab_size(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.bos_id(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.pad_id(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.files(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.model(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.special_tokens(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.set_special_tokens({}); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.stop_ids(); }), contains("moved from"));
  CHECK_THAT(option_error([&] { tokenizer.add_piece("a", false); }), contains("moved from"));
  CHECK_THAT(option_error([&] { StreamDecoder{tokenizer}; }), contains("moved from"));
  // NOLINTEND(bugprone-use-after-move)
}

TEST_CASE("arguments: text/sentence_template.h and text/sentiment_prompt.h") {
  for (const auto* text : {"", "none", "{sentence} {sentence}"}) {
    CHECK_THAT(option_error([&] { SentenceTemplate{text}; }), contains("template"));
  }
  const auto tokenizer = test::small_tokenizer();
  const SentenceTemplate question("{sentence} is");
  const std::vector<std::string> sentences{"a film"}, broken{"\xFF"};
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (const auto& [own, all] : {std::pair<std::int64_t, std::int64_t>{0, 20},
                                 {-1, 20},
                                 {5, 0},
                                 {5, 1},
                                 {5, kLeast},
                                 {kLeast, 5}}) {
    CHECK_THAT(option_error([&] { question.encode(tokenizer, sentences, own, all); }),
               contains("no room"));
  }
  CHECK_THAT(option_error([&] { question.encode(tokenizer, broken, 20, 20); }), contains("UTF-8"));
  const std::vector<std::string> none, one{"good"};
  CHECK_THAT(option_error([&] { sentiment_question(none); }), contains("0 labels"));
  CHECK_THAT(option_error([&] { sentiment_question(one); }), contains("1 labels"));
  CHECK_THAT(option_error([&] { sentiment_conversation(one); }), contains("1 labels"));
}

TEST_CASE("arguments: optim/adamw.h") {
  using Parameters = std::vector<torch::Tensor>;
  const auto parameter = torch::zeros({2}).requires_grad_();
  const auto make = [&](const AdamWOptions& options) {
    return option_error([&] { AdamW(Parameters{parameter}, options); });
  };
  CHECK_THAT(make({.lr = -1}), contains("lr is -1"));
  CHECK_THAT(make({.lr = std::nan("")}), contains("lr is nan"));
  CHECK_THAT(make({.beta1 = 1}), contains("beta1 is 1"));
  CHECK_THAT(make({.beta1 = -0.5}), contains("beta1 is -0.5"));
  CHECK_THAT(make({.beta2 = std::nan("")}), contains("beta2 is nan"));
  CHECK_THAT(make({.eps = -1e-8}), contains("eps is -1e-08"));
  CHECK_THAT(make({.weight_decay = -1}), contains("weight_decay is -1"));
  CHECK_THAT(make({.max_grad_norm = -1}), contains("max_grad_norm is -1"));
  CHECK_THAT(option_error([] { AdamW(Parameters{torch::Tensor()}); }), contains("undefined"));
  CHECK_THAT(option_error([] { AdamW(Parameters{torch::zeros({2}, torch::kLong)}); }),
             contains("int64"));
  CHECK_THAT(option_error([&] {
               AdamW(std::vector<AdamWGroup>{{{parameter}, {}}, {{parameter}, {}}});
             }),
             contains("share a parameter"));
  CHECK_THAT(option_error([&] {
               AdamW(std::vector<AdamWGroup>{{{parameter}, {}}}, std::nan(""));
             }),
             contains("nan"));

  AdamW optimizer(Parameters{parameter});
  CHECK_THAT(option_error([&] { optimizer.set_lr(-1); }), contains("lr is -1"));
  CHECK_THAT(option_error([&] { optimizer.set_lr(std::nan("")); }), contains("lr is nan"));
  CHECK_THAT(option_error([&] { optimizer.set_lr(1, 0.1); }), contains("group is 1"));
  CHECK_THAT(option_error([&] { optimizer.options(7); }), contains("group is 7"));
  CHECK(optimizer.options().lr == 1e-3);
  parameter.mutable_grad() = torch::zeros({2}).to_sparse();
  CHECK_THAT(option_error([&] { optimizer.step(); }), contains("sparse"));
  parameter.mutable_grad() = torch::Tensor();

  const auto moment = torch::zeros({2});
  const auto step = torch::scalar_tensor(1, torch::kLong);
  using State = std::vector<std::pair<std::string, torch::Tensor>>;
  for (const auto& state :
       {State{{"0.step", step}},
        State{{"0.step", step}, {"0.exp_avg", {}}, {"0.exp_avg_sq", moment}},
        State{{"0.step", step}, {"0.exp_avg", torch::zeros({3})}, {"0.exp_avg_sq", moment}},
        State{{"1.step", step}}, State{{"0.step", step}, {"0.step", step}}}) {
    CHECK_THROWS_AS(optimizer.import_state(state), InputError);
  }
  std::stringstream archive;
  torch::save(moment, archive);
  CHECK_THROWS_AS(torch::load(optimizer, archive), InputError);
}

TEST_CASE("arguments: optim/clipping.h, optim/parameter_groups.h and optim/schedule.h") {
  CHECK_THAT(option_error([] { grad_norm({torch::Tensor()}); }), contains("undefined"));
  CHECK_THAT(option_error([] { clip_coefficient(1, -1); }), contains("max_norm is -1"));
  CHECK_THAT(option_error([] { clip_coefficient(1, std::nan("")); }), contains("max_norm is nan"));
  CHECK_THAT(option_error([] { clip_coefficient(-1, 1); }), contains("norm is -1"));
  CHECK(std::isnan(clip_coefficient(std::nan(""), 1)));
  const torch::nn::Module nothing;
  CHECK(parameter_groups(nothing, {}).empty());

  const auto factor = [](const ScheduleOptions& options, std::int64_t step) {
    return option_error([&] { learning_rate_factor(options, step); });
  };
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  CHECK_THAT(factor({}, -1), contains("step is -1"));
  CHECK_THAT(factor({.warmup_steps = -1}, 0), contains("warmup_steps is -1"));
  CHECK_THAT(factor({.shape = ScheduleShape::linear}, 0), contains("total_steps is 0"));
  CHECK_THAT(factor({.shape = ScheduleShape::cosine, .total_steps = 5, .floor = 2}, 0),
             contains("floor is 2"));
  CHECK_THAT(factor({.shape = ScheduleShape::cosine, .total_steps = 5, .floor = std::nan("")}, 0),
             contains("floor is nan"));
  CHECK_THAT(factor({.shape = ScheduleShape::trapezoid, .total_steps = 5, .cooldown_steps = 6}, 0),
             contains("cooldown_steps is 6"));
  CHECK(factor({.warmup_steps = kMost}, kMost - 1) == "accepted");
}
