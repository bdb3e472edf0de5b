// Every pair of the options of the apps that have many: which are refused is written down here by
// hand, once more and in another way than in the tables of rules. In this process, since a program
// takes half a second to start.

#include <functional>
#include <set>

#include "minillama/core/error.h"

#include "common/classify_arguments.h"
#include "common/convert_arguments.h"
#include "common/generate_arguments.h"
#include "common/pretrain_arguments.h"
#include "support/catch.h"
#include "support/counts.h"

using namespace minillama;
using namespace minillama::app;

namespace {

using Words = std::vector<std::string>;
using Names = std::set<std::string>;

/// What checks an app's command line: throws OptionError, or does not.
using Check = std::function<void(const std::vector<const char*>&)>;

void check_classify(const std::vector<const char*>& words) {
  const Dataset dataset{.name = "sst", .label_names = {"bad", "good"}};
  auto arguments = declare_classify_arguments("classify_sst", dataset);
  arguments.parse(static_cast<int>(words.size()), words.data());
  check_classify_arguments(arguments, dataset);
}

void check_train(const std::vector<const char*>& words) {
  const auto& verb = *find_verb("train");
  auto arguments = declare_classify_arguments("classify", {}, verb);
  arguments.parse(static_cast<int>(words.size()), words.data());
  check_classify_arguments(arguments, {}, verb);
}

void check_pretrain(const std::vector<const char*>& words) {
  auto arguments = declare_pretrain_arguments();
  arguments.parse(static_cast<int>(words.size()), words.data());
  check_pretrain_arguments(arguments);
}

void check_generate(const std::vector<const char*>& words) {
  auto arguments = declare_generate_arguments();
  arguments.parse(static_cast<int>(words.size()), words.data());
  check_generate_arguments(arguments);
}

void check_convert(const std::vector<const char*>& words) {
  auto arguments = declare_convert_arguments();
  arguments.parse(static_cast<int>(words.size()), words.data());
  check_convert_arguments(arguments);
}

/// Why `words` behind `base` are refused, "" if they are not.
std::string problem(const Check& check, const Words& base, const Words& words) {
  std::vector<const char*> all{"app"};
  for (const auto& word : base) all.push_back(word.c_str());
  for (const auto& word : words) all.push_back(word.c_str());
  try {
    check(all);
  } catch (const OptionError& error) {
    return error.what();
  }
  return "";
}

/// "--name" of "--name=value".
std::string name_of(const std::string& option) {
  return option.substr(0, option.find('='));
}

/// Tries `options`, "--name" or "--name=value", alone and in pairs. Refused must be `alone`, and
/// of the others the pairs `pairs`, "--a --b", with both names in the message.
void try_pairs(const Check& check, const Words& base, const Words& options, const Names& alone,
               const Names& pairs) {
  Words accepted;
  Names refused;
  for (const auto& option : options) {
    if (problem(check, base, {option}).empty()) {
      accepted.push_back(option);
    } else {
      refused.insert(name_of(option));
    }
  }
  CHECK(refused == alone);
  Names refused_pairs;
  std::size_t n = 0;
  for (std::size_t i = 0; i < accepted.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j, ++n) {
      const auto& a = accepted[j];
      const auto& b = accepted[i];
      const auto message = problem(check, base, {a, b});
      CHECK(problem(check, base, {b, a}) == message);
      if (message.empty()) continue;
      refused_pairs.insert(name_of(a) + " " + name_of(b));
      CHECK_THAT(message, contains(name_of(a)));
      CHECK_THAT(message, contains(name_of(b)));
    }
  }
  CHECK(refused_pairs == pairs);
  test::count("pairs of options", n);
}

const Words kModel{"--tokenizer=t", "--config=c",   "--attention=full", "--compat=cmu2025",
                   "--threads=1",   "--device=cpu", "--use-gpu",        "--quiet"};

Words with_model(Words options) {
  options.insert(options.begin(), kModel.begin(), kModel.end());
  return options;
}

const Words kTraining{"--train=s",
                      "--epochs=1",
                      "--time-budget=1",
                      "--patience=1",
                      "--lr=1",
                      "--schedule=linear",
                      "--warmup=0",
                      "--weight-decay=0",
                      "--max-grad-norm=1",
                      "--dtype=f32",
                      "--hidden-dropout-prob=0",
                      "--pooling=mean",
                      "--seed=1",
                      "--seeds=2",
                      "--tensorboard=t",
                      "--resume",
                      "--force",
                      "--save-every=1",
                      "--recompute",
                      "--no-head-bias",
                      "--save-every-steps=1",
                      "--objective=r-drop",
                      "--label-smoothing=0.1",
                      "--class-weights=balanced",
                      "--soft-labels=f",
                      "--average-decay=0.9",
                      "--layer-decay=0.9",
                      "--wise-ft=2",
                      "--train-per-label=2",
                      "--head=label-words"};
/// Of training that is not adapters'.
const Words kOfAllWeights{"--reinit-layers=1", "--mixout=0.5"};
/// What has no effect without another one of these, or of another value.
const Words kOfTraining{
    "--r-drop-alpha=1",      "--phrase-weights=length", "--soft-label-share=0.5",
    "--adversarial-steps=1", "--adversarial-radius=1",  "--adversarial-step-size=1",
    "--smart-weight=1",      "--smart-proximal=1",      "--smart-momentum=0.5",
    "--bottleneck-width=4",  "--virtual-tokens=4"};
const Words kLora{"--adapter=lora",      "--lora-rank=1",      "--lora-alpha=1",
                  "--lora-dropout=0",    "--lora-targets=w1",  "--rslora",
                  "--lora-ranks=w1=2",   "--lora-alphas=w1=3", "--lora-init=pissa",
                  "--lora-plus-ratio=2", "--weights=q8_0"};
const Words kOther{"--json",       "--template={sentence}", "--calibrate",
                   "--chat",       "--label-names=n",       "--dev-out=d",
                   "--test-out=t", "--max-sentence-len=9",  "--batch-size=2",
                   "--format=csv", "--text-column=a",       "--label-column=1"};
/// What does not go with data sets.
const Words kOfSentences{"--file=f", "--explain=occlusion", "--report=r"};
/// What is of the evaluation of one data set.
const Words kOfOneSet{"--against=a", "--probabilities-out=p", "--reliability-diagram=r"};
/// How a language model is asked, and what has no effect without another one of these.
const Words kAsking{"--prior=domain", "--length-normalization=bytes", "--shots=2"};
const Words kOfAsking{"--content-free=a", "--domain-premise=a", "--shots-from=f"};

Words classify_options() {
  Words all = with_model(kOther);
  for (const auto& more : {kOfSentences, kOfOneSet, kAsking, kOfAsking, kTraining, kOfTraining,
                           kLora, kOfAllWeights}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

const Words kShape{"--dim=8",          "--layers=1",       "--heads=1",      "--kv-heads=1",
                   "--hidden-dim=8",   "--max-seq-len=8",  "--norm=rmsnorm", "--dropout=0",
                   "--positions=rope", "--rotary-share=1", "--qk-norm"};

Words pretrain_options() {
  Words all = with_model({"--documents=line",
                          "--train-tokenizer=300",
                          "--tokenizer-kind=byte-pair",
                          "--tensorboard=t",
                          "--resume",
                          "--force",
                          "--time-budget=1",
                          "--epochs=1",
                          "--steps=2",
                          "--window=8",
                          "--batch-size=1",
                          "--accumulate=1",
                          "--lr=1",
                          "--schedule=linear",
                          "--warmup-steps=0",
                          "--cooldown-steps=1",
                          "--floor=0",
                          "--beta2=0.9",
                          "--weight-decay=0",
                          "--max-grad-norm=1",
                          "--dtype=f32",
                          "--recompute",
                          "--seed=1",
                          "--record-every=1",
                          "--evaluate-every=1",
                          "--valid-windows=1",
                          "--save-every=1",
                          "--json",
                          "--sample-prompt=a"});
  all.insert(all.end(), kShape.begin(), kShape.end());
  return all;
}

const Words kTruncation{"--epsilon=0",     "--top-k=5", "--top-p=1",       "--min-p=0",
                        "--typical-p=0.5", "--eta=0.1", "--top-n-sigma=1", "--xtc-probability=1"};
const Words kPenalties{"--repetition-penalty=1.2",
                       "--presence-penalty=1",
                       "--frequency-penalty=1",
                       "--dry-multiplier=1",
                       "--no-repeat-ngram=3",
                       "--logit-bias=5=1",
                       "--ban=a",
                       "--min-new-tokens=2"};
const Words kConstraints{"--choices=a,b", "--regex=a", "--json-schema={}", "--json-object"};
/// Each says alone what may be written, and where it ends.
const Names kConstraintPairs = [] {
  Names pairs;
  for (std::size_t i = 0; i < kConstraints.size(); ++i) {
    const auto name = name_of(kConstraints[i]);
    for (const std::string other : {"--compat ", "--ignore-eos ", "--min-new-tokens "}) {
      pairs.insert(other + name);
    }
    for (std::size_t k = i + 1; k < kConstraints.size(); ++k) {
      pairs.insert(name + " " + name_of(kConstraints[k]));
    }
  }
  return pairs;
}();
/// What has no effect without another option of sampling.
const Words kDependent{"--xtc-threshold=0.2", "--mirostat-rate=1", "--dry-base=2",
                       "--dry-allowed-length=3", "--dry-breaker=a"};

const Words kStrategies{"--continuations=2", "--prompt-lookup=4", "--draft-model=d",
                        "--num-beams=2", "--guidance=2"};
/// Which pairs make no sense of guesses and of what cannot take them.
const Names kSpeculation{"--compat --prompt-lookup", "--compat --draft-model",
                         "--prompt-lookup --draft-model", "--prompt-lookup --num-beams",
                         "--draft-model --num-beams"};
/// What has no effect without another option of strategies.
const Words kOfStrategies{"--penalty-alpha=1",      "--draft-tokens=2", "--length-penalty=2",
                          "--early-stopping=never", "--beam-groups=2",  "--diversity-penalty=1",
                          "--negative-prompt=n"};

Words generate_options() {
  Words all = with_model({"--prompt=p",
                          "--file=f",
                          "--each-line",
                          "--batch-size=2",
                          "--max-new-tokens=9",
                          "--no-display-prompt",
                          "--ignore-eos",
                          "--no-cache",
                          "--weights=q8_0",
                          "--huge-pages",
                          "--assignment",
                          "--generated-sentence-low-temp-out=a",
                          "--generated-sentence-high-temp-out=b",
                          "--score=s",
                          "--json",
                          "--chat",
                          "--system=s",
                          "--interactive",
                          "--logprobs=2",
                          "--compare=c",
                          "--prompt-tokens=4"});
  for (const auto& more :
       {Words{"--temp=0.5", "--seed=1"}, kTruncation, Words{"--mirostat=3"}, kPenalties,
        kConstraints, kDependent, Words{"--verbose"}, kStrategies, kOfStrategies}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

Words convert_options() {
  return with_model({"--dtype=f16", "--verify", "--adapter=a", "--force", "--base-name=b", "--info",
                     "--tokenize", "--detokenize", "--file=f", "--json"});
}

/// And what is not of a run among several.
Names with_time_budget(Names pairs) {
  pairs.insert({"--compat --time-budget", "--time-budget --seeds", "--time-budget --resume",
                "--time-budget --save-every", "--time-budget --save-every-steps",
                "--time-budget --tensorboard", "--time-budget --wise-ft"});
  return pairs;
}

}  // namespace

TEST_CASE("option pairs: of classify when it trains adapters, all of it, or nothing") {
  const Words training{"--model=m", "--dev=s", "--test=s", "--out-dir=o"};
  auto lora = training;
  lora.emplace_back("--option=lora");
  const Names pairs = with_time_budget(
      {"--device --use-gpu", "--resume --force", "--dev-out --seeds", "--test-out --seeds"});
  auto lora_pairs = pairs;
  lora_pairs.insert("--use-gpu --weights");
  Names of_asking{"--calibrate", "--chat"};
  for (const auto& options : {kOfSentences, kOfOneSet, kAsking, kOfAsking, kOfTraining}) {
    for (const auto& option : options) of_asking.insert(name_of(option));
  }
  auto without_adapters = of_asking;
  for (const auto& option : kOfAllWeights) without_adapters.insert(name_of(option));
  try_pairs(check_classify, lora, classify_options(), without_adapters, lora_pairs);

  auto finetune = training;
  finetune.emplace_back("--option=finetune");
  auto of_lora = of_asking;
  for (const auto& option : kLora) of_lora.insert(name_of(option));
  try_pairs(check_classify, finetune, classify_options(), of_lora, pairs);

  Names of_training;
  for (const auto& options :
       {kOfSentences, kTraining, kOfTraining, kLora, kOfAllWeights, kOfAsking}) {
    for (const auto& option : options) of_training.insert(name_of(option));
  }
  const Names of_evaluation{"--compat --calibrate", "--compat --chat",
                            "--compat --prior",     "--compat --length-normalization",
                            "--compat --shots",     "--calibrate --prior",
                            "--device --use-gpu"};
  auto of_two_sets = of_training;
  for (const auto& option : kOfOneSet) of_two_sets.insert(name_of(option));
  try_pairs(check_classify, {"--model=m", "--dev=s", "--test=s"}, classify_options(), of_two_sets,
            of_evaluation);
  auto of_dev = of_training;
  of_dev.insert("--test-out");
  try_pairs(check_classify, {"--model=m", "--dev=s"}, classify_options(), of_dev, of_evaluation);
}

TEST_CASE("option pairs: of classify when it explains, and when it compares runs") {
  for (const auto* option :
       {"--file=f", "--json", "--model=m", "--ensemble=e", "--option=prompt"}) {
    CAPTURE(option);
    CHECK(problem(check_classify, {"--explain=occlusion"}, {option}).empty());
    CHECK(problem(check_classify, {"--report=r", "runs/a"}, {option}) ==
          name_of(option) + " does not go with --report");
  }
  CHECK(problem(check_classify, {"--explain=gradients"}, {"--ensemble=e"}) ==
        "--ensemble does not go with --explain gradients");
  CHECK(problem(check_classify, {"--explain=gradients"}, {"--option=prompt"}) ==
        "--option does not go with --explain gradients");
  CHECK(problem(check_classify, {"--explain=gradients", "--json"}, {"--model=m"}).empty());
  CHECK(problem(check_classify, {"--explain=words"}, {}) ==
        "--explain is \"words\", must be occlusion or gradients");
  CHECK(problem(check_classify, {"--report=r", "runs/a"}, {"--quiet"}).empty());
}

TEST_CASE("option pairs: of classify train") {
  auto options = classify_options();
  std::erase(options, "--train=s");
  Names alone{"--file", "--calibrate", "--chat", "--explain", "--head", "--report"};
  for (const auto& others : {kOfOneSet, kAsking, kOfAsking, kOfTraining, kOfAllWeights}) {
    for (const auto& option : others) alone.insert(name_of(option));
  }
  alone.erase("--phrase-weights");  // of a table that is given, which may hold trees
  try_pairs(
      check_train, {"--model=m", "--dev=s", "--test=s", "s"}, options, alone,
      with_time_budget({"--device --use-gpu", "--resume --force", "--dev-out --seeds",
                        "--test-out --seeds", "--use-gpu --weights", "--format --phrase-weights"}));
}

TEST_CASE("option pairs: of pretrain with a new model, and with one to go on from") {
  try_pairs(check_pretrain, {"--train=s", "--valid=s", "--out-dir=o"}, pretrain_options(),
            {"--config", "--attention", "--compat", "--cooldown-steps", "--tokenizer-kind"},
            {"--tokenizer --train-tokenizer", "--epochs --steps", "--resume --force",
             "--json --sample-prompt", "--device --use-gpu"});
  try_pairs(
      check_pretrain, {"--train=s", "--valid=s", "--out-dir=o", "--model=m"}, pretrain_options(),
      {"--train-tokenizer", "--tokenizer-kind", "--cooldown-steps", "--dim", "--layers", "--heads",
       "--kv-heads", "--hidden-dim", "--max-seq-len", "--norm", "--dropout", "--positions",
       "--rotary-share", "--qk-norm"},
      {"--epochs --steps", "--resume --force", "--json --sample-prompt", "--device --use-gpu"});
}

TEST_CASE("option pairs: of generate when it samples, and when it takes the most probable") {
  Names pairs{"--prompt --file",           "--prompt --each-line",          "--use-gpu --weights",
              "--use-gpu --huge-pages",    "--compat --ignore-eos",         "--device --use-gpu",
              "--compat --min-new-tokens", "--ignore-eos --min-new-tokens", "--quiet --verbose"};
  pairs.insert({"--each-line --continuations", "--temp --num-beams", "--seed --num-beams",
                "--mirostat --num-beams"});
  pairs.insert(kSpeculation.begin(), kSpeculation.end());
  pairs.insert(kConstraintPairs.begin(), kConstraintPairs.end());
  for (const auto* task : {"--assignment", "--generated-sentence-low-temp-out",
                           "--generated-sentence-high-temp-out"}) {
    for (const auto* option : {"--prompt", "--file", "--each-line", "--no-display-prompt"}) {
      pairs.insert(std::string(option) + " " + task);
    }
    pairs.insert(std::string(task) + " --temp");
    pairs.insert(std::string(task) + " --score");
    for (const auto* other : {" --json", " --chat", " --interactive"}) {
      pairs.insert(task + std::string(other));
    }
    for (const auto& options : {kStrategies, kConstraints}) {
      for (const auto& option : options) pairs.insert(task + (" " + name_of(option)));
    }
  }
  for (const std::string option :
       {"--compat", "--prompt", "--file", "--each-line", "--max-new-tokens", "--no-display-prompt",
        "--ignore-eos", "--no-cache"}) {
    pairs.insert(option + " --score");
  }
  for (const std::string option :
       {"--chat", "--interactive", "--temp", "--seed", "--mirostat", "--verbose"}) {
    pairs.insert("--score " + option);
  }
  for (const auto& options : {kPenalties, kConstraints}) {
    for (const auto& option : options) pairs.insert("--score " + name_of(option));
  }
  for (const auto& option : kTruncation) {
    pairs.insert("--score " + name_of(option));
    pairs.insert(name_of(option) + " --mirostat");
    pairs.insert(name_of(option) + " --num-beams");
  }
  for (const auto& option : kStrategies) {
    for (const std::string mode : {"--score ", "--chat ", "--interactive "}) {
      pairs.insert(mode + name_of(option));
    }
  }
  for (const std::string option :
       {"--compat", "--each-line", "--no-display-prompt", "--ignore-eos"}) {
    pairs.insert({option + " --chat", option + " --interactive"});
  }
  pairs.insert({"--each-line --json", "--json --chat", "--json --interactive",
                "--chat --interactive", "--file --interactive", "--interactive --json-object"});
  Names alone{"--batch-size", "--system", "--logprobs", "--compare", "--prompt-tokens"};
  for (const auto& options : {kDependent, kOfStrategies}) {
    for (const auto& option : options) alone.insert(name_of(option));
  }
  try_pairs(check_generate, {"--model=m"}, generate_options(), alone, pairs);

  auto greedy_options = generate_options();
  std::erase(greedy_options, "--temp=0.5");
  alone = {"--prompt",
           "--each-line",
           "--assignment",
           "--generated-sentence-low-temp-out",
           "--generated-sentence-high-temp-out",
           "--score",
           "--json",
           "--chat",
           "--system",
           "--interactive",
           "--logprobs",
           "--compare",
           "--prompt-tokens",
           "--seed",
           "--mirostat",
           "--continuations"};
  for (const auto& options : {kTruncation, kDependent, kOfStrategies}) {
    for (const auto& option : options) alone.insert(name_of(option));
  }
  pairs = {"--use-gpu --weights",          "--use-gpu --huge-pages",    "--compat --ignore-eos",
           "--device --use-gpu",           "--compat --min-new-tokens", "--quiet --verbose",
           "--ignore-eos --min-new-tokens"};
  pairs.insert(kSpeculation.begin(), kSpeculation.end());
  pairs.insert(kConstraintPairs.begin(), kConstraintPairs.end());
  try_pairs(check_generate, {"--model=m", "--temp=0", "--each-line"}, greedy_options, alone, pairs);
}

TEST_CASE("option pairs: of generate when it compares methods") {
  auto options = generate_options();
  std::erase(options, "--file=f");
  std::erase(options, "--compare=c");
  Names alone;
  for (const auto& option : options) alone.insert(name_of(option));
  for (const auto& option : kModel) alone.erase(name_of(option));
  for (const auto* option : {"--batch-size", "--max-new-tokens", "--weights", "--huge-pages",
                             "--json", "--seed", "--prompt-tokens"}) {
    alone.erase(option);
  }
  alone.insert("--compat");
  try_pairs(check_generate, {"--model=m", "--file=f", "--compare=c"}, options, alone,
            {"--use-gpu --weights", "--use-gpu --huge-pages", "--device --use-gpu"});
}

TEST_CASE("option pairs: of convert to a model, and to an adapter alone") {
  const Names inside{"--info", "--tokenize", "--detokenize", "--file", "--json"};
  auto alone = inside;
  alone.insert("--base-name");
  try_pairs(check_convert, {"--model=m", "--out=o"}, convert_options(), alone,
            {"--device --use-gpu"});
  alone = inside;
  alone.insert({"--verify", "--tokenizer"});
  try_pairs(check_convert, {"--model=m", "--out=o", "--to=peft"}, convert_options(), alone,
            {"--device --use-gpu"});
}

TEST_CASE("option pairs: of convert when it looks inside") {
  Names pairs{"--device --use-gpu", "--info --tokenize", "--info --detokenize",
              "--tokenize --detokenize"};
  for (const std::string inside : {"--info", "--tokenize", "--detokenize"}) {
    for (const std::string option :
         {"--threads", "--device", "--use-gpu", "--dtype", "--verify", "--adapter", "--force"}) {
      pairs.insert(option + " " + inside);
    }
    for (const std::string option : {"--out", "--to"}) pairs.insert(inside + " " + option);
    if (inside == "--info") continue;
    for (const std::string option : {"--attention", "--compat"}) {
      pairs.insert(option + " " + inside);
    }
  }
  auto options = convert_options();
  options.insert(options.end(), {"--out=o", "--to=hf"});
  try_pairs(check_convert, {"--model=m"}, options, {"--base-name", "--file", "--json"}, pairs);
}
