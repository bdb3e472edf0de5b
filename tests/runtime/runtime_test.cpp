// What runs a model without LibTorch: this program links minillama::runtime alone.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>
#include <thread>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/engine/engine.h"
#include "minillama/eval/text_classifier.h"
#include "minillama/generate/text_generator.h"

#include "support/catch.h"
#include "support/files.h"
#include "support/golden_values.h"

using namespace minillama;
using test::expected;
using test::golden;

namespace {

std::filesystem::path shipped(const std::string& name) {
  return test::repository_file("checkpoints/" + name);
}

/// The engine's logits at every position of the golden ids [rows, length], one token at a time or
/// each row at once, whose last position alone has logits then.
std::vector<float> logits_of(Weights weights, bool at_once) {
  std::size_t length = 0;
  const auto ids = expected<std::int64_t>("ids", &length);
  REQUIRE(length > 3);
  Engine engine(std::make_shared<const Weights>(std::move(weights)), 1, length);
  std::vector<float> all;
  for (std::size_t row = 0; row < ids.size() / length; ++row) {
    engine.restart(0);
    for (std::size_t i = 0; i < length; ++i) {
      const std::span<const std::int64_t> its(ids.data() + row * length, i + 1);
      if (at_once) engine.restart(0);
      engine.append(std::vector<Continuation>{{0, at_once ? its : its.last(1)}});
      const auto logits = engine.logits(0);
      all.insert(all.end(), logits.begin(), logits.end());
    }
  }
  return all;
}

/// The root mean square of the difference, as a share of that of the second.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double error = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += std::pow(double(a[i]) - b[i], 2);
    size += std::pow(double(b[i]), 2);
  }
  return std::sqrt(error / size);
}

const std::vector<std::string> kSentences{"A delight from its first scene to its last .", "Dull .",
                                          "It has its moments , but it runs too long .",
                                          "I was bored and wanted my money back .", "Fine"};

}  // namespace

TEST_CASE("runtime: every format computes what PyTorch computed, from the bytes as they lie") {
  const auto logits = expected<float>("logits");
  for (const std::string name : {".bin", "_f32.gguf", "_hf"}) {
    INFO(name);
    for (const bool at_once : {false, true}) {
      CHECK(difference(logits_of(Checkpoint::open(golden(name)).language_model(), at_once),
                       logits) < 3e-6);
    }
  }
  for (const std::string name : {"_hf_sharded", "_hf_pickled", "_meta"}) {  // of float16
    INFO(name);
    CHECK(difference(logits_of(Checkpoint::open(golden(name)).language_model(), true), logits) <
          1e-3);
  }
}

TEST_CASE(
    "runtime: what gives its memory back is read again from the file, and nothing else does") {
  const auto weights = Checkpoint::open(golden("_hf")).language_model();
  CHECK_FALSE(weights.layers[0].query.is_mapped);  // whose rows are in another order in the file
  CHECK(weights.layers[0].value.is_mapped);
  const auto shipped_weights = Checkpoint::open(shipped("reviews-tiny")).language_model();
  const auto& value = shipped_weights.layers[0].w1;
  REQUIRE(value.is_mapped);
  const std::vector<std::byte> before(value.data, value.row(value.rows));
  converted(shipped_weights, weight_format(DType::q8_0));
  CHECK(std::memcmp(before.data(), value.data, before.size()) == 0);
}

TEST_CASE("runtime: blocks are computed with as they lie, or as the floats that they stand for") {
  const auto logits = expected<float>("logits_q8_0");
  const auto weights = Checkpoint::open(golden("_q8_0.gguf")).language_model();
  CHECK(weights.embeddings.format->dtype == DType::q8_0);
  const auto floats = converted(weights, weight_format(DType::float32));
  CHECK(difference(logits_of(floats, true), logits) < 3e-6);
  // As they lie, inputs are rounded to eight bits.
  CHECK(difference(logits_of(weights, true), logits) < 0.02);
  // The golden file's blocks are those that the float32 file's weights become.
  const auto packed =
      converted(Checkpoint::open(golden("_f32.gguf")).language_model(), weight_format(DType::q8_0));
  CHECK(logits_of(packed, true) == logits_of(weights, true));
}

TEST_CASE("runtime: a copy in huge pages is the same bytes, in the same formats") {
  for (const std::string name : {"_f32.gguf", "_q8_0.gguf", "_hf_pickled"}) {
    INFO(name);
    auto weights = Checkpoint::open(golden(name)).language_model();
    auto copy = copied(weights);
    const auto originals = matrices_of(weights), copies = matrices_of(copy);
    REQUIRE(copies.size() == originals.size());
    for (std::size_t i = 0; i < copies.size(); ++i) {
      CHECK(copies[i]->format == originals[i]->format);
      CHECK(copies[i]->data != originals[i]->data);
      CHECK(std::equal(copies[i]->data, copies[i]->row(copies[i]->rows), originals[i]->data));
      CHECK_FALSE(copies[i]->is_mapped);
    }
    const auto logits = logits_of(weights, true);
    weights = {};  // the copy holds all that it needs
    CHECK(logits_of(copy, true) == logits);
  }
}

TEST_CASE("runtime: a text generator goes on the same in huge pages") {
  auto generator = TextGenerator::load(shipped("reviews-tiny"));
  const auto continued = [&] {
    std::ostringstream text;
    generator.generate("This movie is", {.max_new_tokens = 20, .temperature = 0}, text);
    return text.str();
  };
  const auto text = continued();
  generator.use_huge_pages();
  CHECK(continued() == text);
}

TEST_CASE(
    "runtime: every type of weights is near the floats, and the same for one token and many") {
  const auto weights = Checkpoint::open(golden("_f32.gguf")).language_model();
  const auto logits = expected<float>("logits");
  for (const auto& format : weight_formats()) {
    INFO(std::string(format.name));
    if (fitting(format, 32) == nullptr) continue;  // the model's width
    const auto other = converted(weights, format);
    const auto found = logits_of(other, true);
    const double bound = format.dtype == DType::float32    ? 3e-6
                         : format.dtype == DType::float16  ? 1e-3
                         : format.dtype == DType::bfloat16 ? 1e-2
                         : format.dtype == DType::q8_0     ? 0.03
                                                           : 0.3;
    CHECK(difference(found, logits) < bound);
    CHECK(difference(found, logits_of(other, false)) < 1e-5);
    // Half types are the floats that they stand for, bit for bit; the others take rounded inputs.
    if (!format.takes_bytes) {
      CHECK(found == logits_of(converted(other, weight_format(DType::float32)), true));
    }
  }
}

TEST_CASE("runtime: threads share one model, and their answers are one thread's") {
  const auto generator = TextGenerator::load(shipped("reviews-tiny"));
  const auto classifier = TextClassifier::load(shipped("sst"));
  const GenerationOptions options{.max_new_tokens = 24, .temperature = 0.9, .seed = 3};
  const auto continued = [&](const TextGenerator& from) {
    std::ostringstream text;
    from.generate("This movie is", options, text);
    return text.str();
  };
  const auto labels = [&](const TextClassifier& by) {
    std::vector<double> all;
    for (const auto& prediction : by.classify(std::span<const std::string>(kSentences))) {
      all.insert(all.end(), prediction.probabilities.begin(), prediction.probabilities.end());
    }
    return all;
  };
  const auto text = continued(generator);
  const auto probabilities = labels(classifier);
  CHECK(text.size() > 20);
  std::vector<int> right(6);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < right.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 3; ++round) {
        right[i] += i < 4 ? labels(classifier) == probabilities : continued(generator) == text;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == std::vector<int>(6, 3));
}

TEST_CASE("runtime: what is no language model or no classifier is refused by name") {
  CHECK_THROWS_WITH(TextGenerator::load(shipped("sst")), contains("an adapter of a classifier"));
  CHECK_THROWS_WITH(TextClassifier::load(shipped("reviews")), contains("is no classifier"));
  CHECK_THROWS_AS(TextGenerator::load("/absent"), FileError);

  // An adapter in our own directory that names a linear which is not there, as one for a module.
  const test::TemporaryDirectory directory;
  for (const auto* file : {"model.safetensors", "tokenizer.model"}) {
    std::filesystem::copy(shipped("reviews-tiny") / file, directory.path() / file);
  }
  auto config = test::read_text(shipped("reviews-tiny") / "config.json");
  config.insert(config.find('{') + 1,
                "\"adapters\": {\"a\": {\"rank\": 2, \"alpha\": 1, \"dropout\": 0, \"targets\": "
                "[\"wq\"]}},");
  directory.file("config.json", config);
  CHECK_THROWS_WITH(TextGenerator::load(directory.path()),
                    contains("target \"wq\" is the name of no linear"));
  CHECK_THROWS_WITH(TextClassifier::load(shipped("sst"), {}, {.batch_size = 0}),
                    contains("batch-size is 0"));
}
