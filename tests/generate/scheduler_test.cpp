#include "minillama/generate/scheduler.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <stdexcept>
#include <thread>

#include "minillama/checkpoint/checkpoint.h"
#include "minillama/core/error.h"
#include "minillama/generate/generate.h"

#include "support/catch.h"
#include "support/counting_decoder.h"
#include "support/files.h"

using namespace minillama;

namespace {

using Ids = std::vector<std::int64_t>;

/// A small model whose context is short.
const DecoderSource& model() {
  static const auto source = [] {
    auto weights =
        Checkpoint::open(test::repository_file("checkpoints/reviews-tiny")).language_model();
    weights.config.max_seq_len = 100;
    return decoder_source(std::make_shared<const Weights>(std::move(weights)));
  }();
  return source;
}

/// Requests that differ in everything that a request can.
std::vector<GenerationRequest> requests() {
  const std::vector<GenerationOptions> kinds{
      {},
      {.typical_p = 0.9, .xtc_probability = 0.5},
      {.mirostat = 3},
      {.presence_penalty = 0.5, .frequency_penalty = 0.5},
      {.top_k = 40, .eta = 0.01, .top_n_sigma = 1.5},
      {.dry_multiplier = 0.8, .dry_breakers = {13}, .no_repeat_ngram = 2},
      {.logit_bias = {{20, 2}, {30, -2}}, .banned = {{40}, {50, 60}}},
      {.top_p = 0.9, .min_p = 0.01, .epsilon = 0.001},
      {.min_new_tokens = 4}};
  std::vector<GenerationRequest> all;
  for (std::int64_t i = 0; i < 9; ++i) {
    GenerationRequest request{.prompt = {1}, .options = kinds[std::size_t(i)]};
    for (std::int64_t k = 0; k < i * i; ++k) request.prompt.push_back(3 + (k * 7 + i) % 200);
    request.options.max_new_tokens = 5 + (i * 5) % 17;
    request.options.temperature = i % 3 == 0 ? 0 : 1.2;
    request.options.seed = static_cast<std::uint64_t>(i);
    request.options.repetition_penalty = i % 2 == 0 ? 1 : 1.3;
    request.stop_ids = {1, 2};
    all.push_back(request);
  }
  return all;
}

Generation alone(const GenerationRequest& request) {
  return generate(model(), request.prompt, request.options, request.stop_ids);
}

constexpr DecoderSize kSize{.sequences = 3, .capacity = 100};

/// What became of requests, by their number.
class Results {
 public:
  Scheduler::OnEnd of(std::size_t request) {
    return [this, request](Generation generation) {
      CHECK(generations_.emplace(request, std::move(generation)).second);  // called once
    };
  }
  bool has(std::size_t request) const { return generations_.count(request) > 0; }
  const Generation& at(std::size_t request) const { return generations_.at(request); }
  std::size_t size() const { return generations_.size(); }

 private:
  std::map<std::size_t, Generation> generations_;
};

void check_same(const Generation& found, const Generation& expected) {
  CHECK(found.ids == expected.ids);
  CHECK(found.stop == expected.stop);
}

bool is_prefix(const Ids& ids, const Ids& of) {
  return ids.size() <= of.size() && std::equal(ids.begin(), ids.end(), of.begin());
}

}  // namespace

TEST_CASE("scheduler: requests together become what each becomes alone") {
  const auto all = requests();
  for (const std::size_t n : {1, 2, 4, 16}) {
    for (const std::size_t budget : {std::size_t{16}, std::size_t{25}, Scheduler::kNoBudget}) {
      INFO(n << " sequences, " << budget << " tokens a step");
      Results results;
      Scheduler scheduler(model(), {}, {.sequences = n, .capacity = 100});
      for (std::size_t i = 0; i < all.size(); ++i) scheduler.submit(all[i], results.of(i));
      while (scheduler.step(budget)) {
      }
      REQUIRE(results.size() == all.size());
      for (std::size_t i = 0; i < all.size(); ++i) check_same(results.at(i), alone(all[i]));
    }
  }
}

TEST_CASE("scheduler: requests join while others are on their way") {
  const auto all = requests();
  Results results;
  Scheduler scheduler(model(), {}, kSize);
  CHECK_FALSE(scheduler.step());
  for (std::size_t i = 0; i < all.size(); ++i) {
    scheduler.submit(all[i], results.of(i));
    CHECK(scheduler.step());
    CHECK(scheduler.step());
  }
  while (scheduler.step()) {
  }
  REQUIRE(results.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) check_same(results.at(i), alone(all[i]));
}

TEST_CASE("scheduler: a long prompt is read in pieces, beside texts that get their tokens") {
  std::vector<std::size_t> counts;
  Scheduler scheduler(test::counting(model(), counts), {}, {.sequences = 2, .capacity = 100});
  auto all = requests();
  auto quick = all[0];
  quick.options.max_new_tokens = 12;
  quick.stop_ids = {};
  std::size_t tokens = 0;
  quick.on_token = [&](std::int64_t) { return ++tokens > 0; };
  Results results;
  scheduler.submit(quick, results.of(0));
  REQUIRE(scheduler.step(10));
  CHECK(tokens == 1);
  const auto& slow = all[8];
  REQUIRE(slow.prompt.size() == 65);
  scheduler.submit(slow, results.of(1));
  for (std::size_t i = 2; i <= 9; ++i) {
    scheduler.step(10);
    CHECK(tokens == i);
  }
  // The first token, seven times nine of the prompt and its last two.
  CHECK(counts == std::vector<std::size_t>{1, 10, 10, 10, 10, 10, 10, 10, 3});
  while (scheduler.step(10)) {
  }
  check_same(results.at(0), alone(quick));
  check_same(results.at(1), alone(slow));
}

TEST_CASE("scheduler: prompts share the budget in the order in which they came") {
  std::vector<std::size_t> counts;
  Scheduler scheduler(test::counting(model(), counts), {}, {.sequences = 2, .capacity = 100});
  std::string order;
  for (const char name : {'a', 'b'}) {
    auto request = requests()[5];  // 26 tokens
    request.on_token = [&order, name](std::int64_t) {
      order += name;
      return false;
    };
    scheduler.submit(request, {});
  }
  while (scheduler.step(14)) {
  }
  CHECK(order == "ab");
  CHECK(counts == std::vector<std::size_t>{14, 14, 14, 10});
}

TEST_CASE("scheduler: what is cancelled ends with the tokens that it has") {
  const auto all = requests();
  Results results;
  Scheduler scheduler(model(), {}, kSize);
  std::vector<Scheduler::Handle> handles;
  for (std::size_t i = 0; i < all.size(); ++i) {
    handles.push_back(scheduler.submit(all[i], results.of(i)));
  }
  for (int i = 0; i < 3; ++i) scheduler.step();
  REQUIRE_FALSE(results.has(1));
  scheduler.cancel(handles[1]);  // which is being written
  scheduler.cancel(handles[7]);  // which waits
  scheduler.cancel(handles[7]);
  CHECK_FALSE(results.has(1));
  scheduler.step();
  CHECK(results.at(1).stop == StopReason::cancelled);
  CHECK(results.at(1).ids.size() == 3);
  CHECK(is_prefix(results.at(1).ids, alone(all[1]).ids));
  CHECK(results.at(7).stop == StopReason::cancelled);
  CHECK(results.at(7).ids.empty());
  while (scheduler.step()) {
  }
  scheduler.cancel(handles[2]);  // which has ended
  scheduler.cancel(1000);
  CHECK_FALSE(scheduler.step());
  REQUIRE(results.size() == all.size());
  for (const std::size_t i : {0, 2, 3, 4, 5, 6, 8}) check_same(results.at(i), alone(all[i]));
}

TEST_CASE("scheduler: callbacks may stop their text, submit and cancel") {
  const auto all = requests();
  Results results;
  Scheduler scheduler(model(), {}, {.sequences = 2, .capacity = 100});
  const auto other = scheduler.submit(all[1], results.of(1));
  auto stopped = all[4];
  std::size_t seen = 0;
  stopped.on_token = [&](std::int64_t) { return ++seen < 3; };
  scheduler.submit(stopped, [&](Generation generation) {
    results.of(4)(std::move(generation));
    scheduler.submit(all[6], results.of(6));
    scheduler.cancel(other);
  });
  while (scheduler.step()) {
  }
  CHECK(results.at(4).stop == StopReason::callback);
  CHECK(results.at(4).ids.size() == 3);
  CHECK(is_prefix(results.at(4).ids, alone(all[4]).ids));
  CHECK(results.at(1).stop == StopReason::cancelled);
  check_same(results.at(6), alone(all[6]));
}

TEST_CASE("scheduler: what a callback throws ends its own request alone") {
  const auto all = requests();
  Results results;
  Scheduler scheduler(model(), {}, kSize);
  scheduler.submit(all[1], results.of(1));
  auto failing = all[2];
  failing.on_token = [](std::int64_t) -> bool { throw std::runtime_error("no disk"); };
  scheduler.submit(failing, results.of(2));
  scheduler.submit(all[3], results.of(3));
  CHECK_THROWS_WITH(scheduler.step(), "no disk");
  while (scheduler.step()) {
  }
  CHECK_FALSE(results.has(2));
  check_same(results.at(1), alone(all[1]));
  check_same(results.at(3), alone(all[3]));
}

TEST_CASE("scheduler: other threads submit and cancel while one steps") {
  const auto all = requests();
  constexpr std::size_t kThreads = 3;
  Results results;
  Scheduler scheduler(model(), {}, kSize);
  std::atomic<std::size_t> submitting = kThreads;
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t number = t * all.size() + i;
        const auto handle = scheduler.submit(all[i], results.of(number));
        if (i == 4) scheduler.cancel(handle);
      }
      --submitting;
    });
  }
  while (scheduler.step(20) || submitting > 0) {
  }
  while (scheduler.step(20)) {
  }
  REQUIRE(results.size() == kThreads * all.size());
  for (std::size_t number = 0; number < results.size(); ++number) {
    const auto expected = alone(all[number % all.size()]);
    if (number % all.size() != 4) {
      check_same(results.at(number), expected);
    } else {
      CHECK(is_prefix(results.at(number).ids, expected.ids));
    }
  }
}

TEST_CASE("scheduler: a cropped context goes on, in pieces too") {
  const GenerationOptions options{.max_new_tokens = 6, .temperature = 0, .crop_context = true};
  GenerationRequest request{.prompt = {}, .options = options};
  for (std::int64_t i = 0; i < 130; ++i) request.prompt.push_back(3 + i * i % 100);
  Results results;
  Scheduler scheduler(model(), options, {.sequences = 1, .capacity = 8});
  scheduler.submit(request, results.of(0));
  while (scheduler.step(40)) {
  }
  CHECK(results.at(0).ids.size() == 6);
  check_same(results.at(0), alone(request));
}

TEST_CASE("scheduler: a text ends no sooner than it may") {
  GenerationRequest request{.prompt = {1, 5, 9},
                            .options = {.max_new_tokens = 8, .temperature = 0}};
  const auto first = alone(request).ids.front();
  request.stop_ids = {first};
  CHECK(alone(request).ids.empty());
  request.options.min_new_tokens = 3;
  const auto longer = alone(request);
  CHECK(longer.ids.size() >= 3);
  CHECK(std::ranges::find(longer.ids, first) == longer.ids.end());
  request.options.stop_at_end = false;  // then there is nothing to hide
  CHECK(alone(request).ids.front() == first);
}

TEST_CASE("scheduler: a text ends where its sequence does; one of no tokens ends at once") {
  Results results;
  Scheduler scheduler(model(), {}, {.sequences = 1, .capacity = 8});
  GenerationRequest request{.prompt = {1, 5, 9}, .options = {.max_new_tokens = 50}};
  scheduler.submit(request, results.of(0));
  request.options.max_new_tokens = 0;
  scheduler.submit(request, results.of(1));
  while (scheduler.step()) {
  }
  CHECK(results.at(0).stop == StopReason::context_full);
  CHECK(results.at(0).ids.size() == 6);  // the last one is predicted and not read
  CHECK(results.at(1).ids.empty());
  CHECK(results.at(1).stop == StopReason::max_new_tokens);
}

TEST_CASE("scheduler: what it cannot use is refused by name") {
  CHECK_THROWS_WITH(Scheduler(model(), {}, {.sequences = 0, .capacity = 8}),
                    "the scheduler's sequences is 0, must be at least 1");
  CHECK_THROWS_WITH(Scheduler(model(), {.top_p = 2}, kSize), contains("top-p is 2"));
  Scheduler scheduler(model(), {}, {.sequences = 2, .capacity = 8});
  CHECK_THROWS_WITH(scheduler.step(1),
                    "the token budget is 1, must be at least 2, one for each "
                    "sequence");
  const auto submit = [&](const GenerationRequest& request) { scheduler.submit(request, {}); };
  CHECK_THROWS_WITH(submit({}), "the prompt has no tokens");
  CHECK_THROWS_WITH(submit({.prompt = {100000}}), contains("100000"));
  CHECK_THROWS_WITH(submit({.prompt = {1}, .options = {.logit_bias = {{100000, 1}}}}),
                    contains("logit-bias is 100000"));
  CHECK_THROWS_WITH(submit({.prompt = {1}, .options = {.banned = {{3, -1}}}}),
                    contains("a banned token id is -1"));
  CHECK_THROWS_WITH(submit({.prompt = {1}, .options = {.dry_breakers = {100000}}}),
                    contains("dry-breaker is 100000"));
  CHECK_THROWS_WITH(submit({.prompt = Ids(9, 1)}),
                    "the length of the prompt is 9, must be at most 8, the longest sequence of the "
                    "scheduler");
  CHECK_THROWS_WITH(submit({.prompt = {1}, .options = {.temperature = -1}}),
                    contains("temperature is -1"));
  CHECK_THROWS_WITH(submit({.prompt = {1}, .options = {.crop_context = true}}),
                    "the request's crop_context is true, must be the scheduler's");
  CHECK_FALSE(scheduler.step());
}

TEST_CASE("scheduler: a request that keeps a prefix reads what is new, and ends the same") {
  std::vector<std::size_t> counts;
  const auto counted = test::counting(model(), counts);
  Scheduler scheduler(counted, {}, {.sequences = 1, .capacity = 100});
  const auto ended = [&](Ids prompt, bool keeps_prefix) {
    counts.clear();
    GenerationRequest request{.prompt = std::move(prompt),
                              .options = {.max_new_tokens = 6, .temperature = 0},
                              .keeps_prefix = keeps_prefix};
    const auto expected = alone(request);
    Generation generation;
    scheduler.submit(std::move(request), [&](Generation g) { generation = std::move(g); });
    while (scheduler.step()) {
    }
    CHECK(generation.ids == expected.ids);
    return generation.ids;
  };
  const Ids prompt{1, 5, 6, 7, 8};
  const auto answer = ended(prompt, true);
  CHECK(counts == std::vector<std::size_t>{5, 1, 1, 1, 1, 1});
  REQUIRE(answer.size() == 6);
  // Goes on behind the answer, whose last token was chosen and not read.
  auto longer = prompt;
  longer.insert(longer.end(), answer.begin(), answer.end());
  longer.push_back(9);
  ended(longer, true);
  CHECK(counts.front() == 2);
  // The same prompt again: logits are wanted behind its last token.
  ended(longer, true);
  CHECK(counts.front() == 1);
  ended({1, 5, 99, 100}, true);  // parts after two tokens
  CHECK(counts.front() == 2);
  ended({200, 201}, true);  // has nothing in common
  CHECK(counts.front() == 2);
  ended({200, 201, 202}, false);  // does not ask for it
  CHECK(counts.front() == 3);
}
