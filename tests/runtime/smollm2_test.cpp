// A real model, SmolLM2-135M-Instruct in four bits, against transformers on the same weights made
// float32: the golden values and the model are optional data.

#include <algorithm>
#include <cmath>
#include <sstream>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/json.h"
#include "minillama/engine/engine.h"
#include "minillama/eval/text_classifier.h"
#include "minillama/eval/text_likelihood.h"
#include "minillama/generate/chat.h"
#include "minillama/io/safetensors.h"

#include "support/catch.h"
#include "support/files.h"

using namespace minillama;

namespace {

constexpr std::size_t kTop = 10;

/// A tensor of the golden file.
template <typename T>
std::vector<T> golden(const SafetensorsFile& file, const std::string& name) {
  for (const auto& record : file.tensors()) {
    if (record.name != name) continue;
    std::vector<T> values(static_cast<std::size_t>(element_count(record)));
    copy_elements(record, reinterpret_cast<std::byte*>(values.data()));
    return values;
  }
  FAIL(name << " is not in the golden file");
  return {};
}

/// How far a model's logits are from the golden ones, at 200 positions of three texts.
struct Distance {
  double largest = 0;    ///< of the ten highest logits at every position
  double same_best = 0;  ///< share of positions with the same best token
  double kl = 0;         ///< mean over positions, of the ten and all others together, in nats
};

Distance distance(const SafetensorsFile& file, Weights weights) {
  const auto ids = golden<std::int32_t>(file, "ids"), top = golden<std::int32_t>(file, "top_ids");
  const auto top_logits = golden<float>(file, "top_logits"),
             sums = golden<float>(file, "logsumexp");
  const auto vocabulary = static_cast<std::size_t>(weights.config.vocab_size);
  const std::size_t rows = 3, length = ids.size() / rows;
  Engine engine(std::make_shared<const Weights>(std::move(weights)), 1, length);
  Distance found;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::vector<std::int64_t> text(ids.begin() + std::ptrdiff_t(row * length),
                                         ids.begin() + std::ptrdiff_t((row + 1) * length));
    engine.restart(0);
    engine.append(std::vector<Continuation>{{0, text, length}});
    const auto logits = engine.logits(0);
    for (std::size_t i = 0; i < length; ++i) {
      const auto here = logits.subspan(i * vocabulary, vocabulary);
      const auto best = std::max_element(here.begin(), here.end());
      double sum = 0;
      for (const float logit : here) sum += std::exp(double(logit) - *best);
      const double log_sum = std::log(sum) + *best;
      const std::size_t at = row * length + i;
      double rest = 1, our_rest = 1;
      for (std::size_t k = 0; k < kTop; ++k) {
        const float logit = here[static_cast<std::size_t>(top[at * kTop + k])];
        const float wanted = top_logits[at * kTop + k];
        found.largest = std::max(found.largest, std::abs(double(logit) - wanted));
        const double log_p = double(wanted) - sums[at], log_q = logit - log_sum;
        found.kl += std::exp(log_p) * (log_p - log_q);
        rest -= std::exp(log_p);
        our_rest -= std::exp(log_q);
      }
      if (rest > 0 && our_rest > 0) found.kl += rest * std::log(rest / our_rest);
      found.same_best += best - here.begin() == top[at * kTop];
    }
  }
  found.kl /= double(rows * length);
  found.same_best /= double(rows * length);
  return found;
}

}  // namespace

TEST_CASE("SmolLM2: logits are transformers', in float32 and with inputs of eight bits") {
  const auto model = test::data_file("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  const auto values = test::data_file("smollm2/golden.safetensors");
  SKIP_WITHOUT(model, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  SKIP_WITHOUT(values, "smollm2/golden.safetensors");
  const SafetensorsFile file(*values);
  const auto weights = Checkpoint::open(*model).language_model();
  CHECK(weights.remark.empty());
  const auto exact = distance(file, converted(weights, weight_format(DType::float32)));
  INFO("float32: " << exact.largest << ", " << exact.same_best << ", " << exact.kl);
  CHECK(exact.largest < 1e-3);
  CHECK(exact.same_best == 1);
  const auto as_it_lies = distance(file, weights);
  INFO("as it lies: " << as_it_lies.largest << ", " << as_it_lies.same_best << ", "
                      << as_it_lies.kl);
  CHECK(as_it_lies.same_best >= 0.96);
  CHECK(as_it_lies.kl <= 0.003);
}

TEST_CASE("SmolLM2: texts are as probable as tests/reference/smollm2_scores.py computes") {
  const auto model = test::data_file("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  SKIP_WITHOUT(model, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  std::vector<std::string> texts;
  std::vector<TokenIds> tokens;
  std::vector<std::vector<double>> logprobs;
  const auto fixture = test::repository_file("tests/reference/smollm2_scores.jsonl");
  std::istringstream lines(test::read_text(fixture));
  for (std::string line; std::getline(lines, line);) {
    const auto json = parse_json(line, fixture);
    texts.push_back(json.at("text"));
    tokens.push_back(json.at("tokens"));
    logprobs.push_back(json.at("logprobs"));
  }
  REQUIRE(texts.size() == 6);
  auto generator = TextGenerator::load(*model);
  for (const bool exact : {false, true}) {
    if (exact) generator.use_weights(weight_format(DType::float32));
    const auto found = text_likelihoods(generator, texts);
    double distance = 0, sum = 0;
    std::size_t n = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO(texts[i]);
      CHECK(found[i].tokens == tokens[i]);  // without BOS
      REQUIRE(found[i].logprobs.size() == logprobs[i].size());
      for (std::size_t k = 0; k < logprobs[i].size(); ++k, ++n) {
        if (exact) CHECK(found[i].logprobs[k] == Approx(logprobs[i][k]).margin(1e-3));
        distance += std::abs(found[i].logprobs[k] - logprobs[i][k]);
        sum -= logprobs[i][k];
      }
    }
    INFO(distance / double(n) << " of " << sum / double(n) << " nats a token");
    CHECK(distance / double(n) < (exact ? 1e-4 : 0.1));
  }
}

TEST_CASE("SmolLM2: conversations are transformers' texts and ids, and the model takes part") {
  const auto model = test::data_file("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  SKIP_WITHOUT(model, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  const auto generator = TextGenerator::load(*model);
  const auto format = Chat::read_template(*model, generator.tokenizer());
  CHECK(format.format().kind == "ChatML");
  const auto fixture = test::repository_file("tests/reference/smollm2_chat.json");
  const auto cases = parse_json(test::read_text(fixture), fixture);
  REQUIRE(cases.size() == 6);
  for (const auto& one : cases) {
    std::vector<ChatMessage> messages;
    for (const auto& message : one.at("messages")) {
      const std::string role = message.at(0);
      messages.push_back({role == "system" ? ChatRole::system
                          : role == "user" ? ChatRole::user
                                           : ChatRole::assistant,
                          message.at(1)});
    }
    const auto text = format.render(messages);
    CHECK(text == one.at("text").get<std::string>());
    CHECK(ChatTemplate::encode(generator.tokenizer(), text) == one.at("ids").get<TokenIds>());
  }
  Chat chat(generator, format, {.max_new_tokens = 40, .temperature = 0});
  std::ostringstream out;
  const auto first = chat.reply("What is the capital of France? Answer in one sentence.", out);
  CHECK(first.generation.stop == StopReason::end_of_text);
  CHECK_THAT(first.text, contains("Paris"));
  const auto second = chat.reply("And of Italy?", out);
  CHECK_THAT(second.text, contains("Rome"));
}

namespace {

/// What an adapter that ships answers, with its base beside it, where that is looked for.
std::vector<std::string> answers(const std::string& adapter, const std::filesystem::path& base,
                                 const std::vector<std::string>& sentences) {
  const test::TemporaryDirectory directory;
  std::filesystem::copy(test::repository_file("checkpoints/" + adapter),
                        directory.path() / "adapter");
  std::filesystem::create_symlink(base, directory.path() / "adapter" / base.filename());
  const auto classifier = TextClassifier::load(directory.path() / "adapter");
  std::vector<std::string> labels;
  for (const auto& prediction : classifier.classify(sentences)) {
    labels.push_back(classifier.label_names().at(static_cast<std::size_t>(prediction.label)));
  }
  return labels;
}

}  // namespace

TEST_CASE("SmolLM2: the classifiers that ship say how good a film is") {
  const auto model = test::data_file("smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  SKIP_WITHOUT(model, "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
  const std::vector<std::string> sentences{"A delight from start to finish .",
                                           "A dull , overlong mess .",
                                           "A bad film , but not awful ."};
  // It knows whole reviews, not single sentences.
  const std::vector<std::string> reviews{
      "I loved this film . The acting is wonderful , the story moved me , and I will watch it "
      "again with my family . "
      "Highly recommended .",
      "What a waste of time . The plot makes no sense , the acting is awful , and I nearly fell "
      "asleep . "
      "Avoid it ."};
  CHECK(answers("smollm2-sst", *model, sentences) ==
        std::vector<std::string>{"excellent", "awful", "bad"});
  CHECK(answers("smollm2-cfimdb", *model, reviews) == std::vector<std::string>{"good", "bad"});
}
