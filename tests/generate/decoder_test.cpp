#include "minillama/generate/decoder.h"

#include "minillama/model/module_decoder.h"
#include "minillama/model/module_weights.h"

#include "support/catch.h"
#include "support/small_model.h"
#include "support/tensors.h"

using namespace minillama;

namespace {

using Ids = std::vector<std::int64_t>;

LanguageModel random_model() {
  LanguageModel model(test::small_config(), make_generator(2));
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.mul_(8);
  model->eval();
  return model;
}

struct NamedDecoder {
  std::string name;
  std::unique_ptr<Decoder> decoder;
};

/// One of each kind, for three sequences.
std::vector<NamedDecoder> decoders(LanguageModel model) {
  const DecoderSize size{.sequences = 3, .capacity = 20};
  const auto of_weights = decoder_source(std::make_shared<const Weights>(weights_of(model)));
  const auto of_module = decoder_source(model);
  std::vector<NamedDecoder> all;
  all.push_back({"engine with a cache", of_weights.make({}, size)});
  all.push_back({"engine without a cache", of_weights.make({.use_cache = false}, size)});
  all.push_back({"module with a cache", of_module.make({.use_engine = false}, size)});
  all.push_back({"module without a cache", of_module.make({.use_cache = false}, size)});
  return all;
}

void append(Decoder& decoder, const std::vector<Continuation>& continuations) {
  decoder.append(continuations);
}

/// Whether the i-th logits of the latest append() are the module's after the last `n` of `ids`.
std::string difference(Decoder& decoder, std::size_t i, LanguageModel model, const Ids& ids,
                       std::int64_t n = 1) {
  const torch::NoGradGuard no_grad;
  const auto logits = decoder.logits(i);
  const auto found = torch::tensor(std::vector<float>(logits.begin(), logits.end()));
  return test::difference(
      found, model(torch::tensor(ids).unsqueeze(0)).squeeze(0).slice(0, -n).flatten(), 1e-4, 1e-4);
}

const Ids kFirst{1, 7, 30, 12}, kSecond{1, 9};

}  // namespace

TEST_CASE("decoders: a copy and its original go on differently, each as if it were alone") {
  const auto model = random_model();
  for (const auto& [name, decoder] : decoders(model)) {
    INFO(name);
    append(*decoder, {{0, kFirst}, {2, kSecond}});
    decoder->copy(0, 2);
    decoder->copy(0, 0);
    const Ids left{5, 6}, right{20};
    append(*decoder, {{0, left}, {2, right}});
    CHECK(difference(*decoder, 0, model, {1, 7, 30, 12, 5, 6}) == "");
    CHECK(difference(*decoder, 1, model, {1, 7, 30, 12, 20}) == "");
    append(*decoder, {{0, right}, {2, left}});
    CHECK(difference(*decoder, 0, model, {1, 7, 30, 12, 5, 6, 20}) == "");
    CHECK(difference(*decoder, 1, model, {1, 7, 30, 12, 20, 5, 6}) == "");
    // A copy of an empty sequence is empty.
    decoder->copy(1, 0);
    append(*decoder, {{0, kSecond}});
    CHECK(difference(*decoder, 0, model, kSecond) == "");
  }
}

TEST_CASE("decoders: a truncated sequence goes on behind what was kept") {
  const auto model = random_model();
  for (const auto& [name, decoder] : decoders(model)) {
    INFO(name);
    append(*decoder, {{0, kFirst}, {1, kFirst}});
    decoder->truncate(0, 2);
    decoder->truncate(1, 4);
    const Ids more{20, 3};
    append(*decoder, {{0, more}, {1, more}});
    CHECK(difference(*decoder, 0, model, {1, 7, 20, 3}) == "");
    CHECK(difference(*decoder, 1, model, {1, 7, 30, 12, 20, 3}) == "");
    decoder->restart(1);
    append(*decoder, {{1, kSecond}});
    CHECK(difference(*decoder, 0, model, kSecond) == "");
  }
}

TEST_CASE("decoders: logits of as many positions as are wanted, more than there are sequences") {
  const auto model = random_model();
  for (const auto& [name, decoder] : decoders(model)) {
    INFO(name);
    const Ids long_one{1, 7, 30, 12, 4, 8, 2};
    append(*decoder, {{0, long_one, 5}, {1, kFirst, 0}, {2, kSecond, 2}});
    CHECK(difference(*decoder, 0, model, long_one, 5) == "");
    CHECK(decoder->logits(1).empty());
    CHECK(difference(*decoder, 2, model, kSecond, 2) == "");
    const Ids more{20};
    append(*decoder, {{1, more}});
    CHECK(difference(*decoder, 0, model, {1, 7, 30, 12, 20}) == "");
  }
}

TEST_CASE("decoders: sequences and lengths that are not there are refused") {
  const auto model = random_model();
  for (const auto& [name, decoder] : decoders(model)) {
    INFO(name);
    append(*decoder, {{0, kFirst}});
    CHECK_THROWS_WITH(decoder->copy(3, 0), contains("sequence is 3"));
    CHECK_THROWS_WITH(decoder->copy(0, 3), contains("sequence is 3"));
    CHECK_THROWS_WITH(decoder->truncate(3, 0), contains("sequence is 3"));
    CHECK_THROWS_WITH(decoder->truncate(0, 5), contains(" is 5, must be at least 0 and less than"));
  }
  for (const auto index : {std::size_t{0}, std::size_t{2}}) {  // which know what is new
    const auto all = decoders(model);
    CHECK_THROWS_WITH(append(*all[index].decoder, {{0, kSecond, 3}}), contains("3"));
  }
}
