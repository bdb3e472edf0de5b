#include "common/sampling_arguments.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "minillama/core/error.h"
#include "minillama/generate/sampling_steps.h"
#include "minillama/generate/word_options.h"

#include "common/constraint_arguments.h"
#include "common/output.h"

namespace minillama::app {
namespace {

const std::vector<std::string> kTruncations{"top-k",   "top-p", "min-p",           "typical-p",
                                            "epsilon", "eta",   "xtc-probability", "top-n-sigma"};
/// Beside one of these no tokens are dropped by the default of --epsilon.
const std::vector<std::string> kInPlaceOfEpsilon{"typical-p", "eta", "top-n-sigma", "mirostat"};
const std::vector<std::string> kPenalties{
    "repetition-penalty", "presence-penalty", "frequency-penalty", "dry-multiplier", "dry-base",
    "dry-allowed-length", "dry-breaker",      "no-repeat-ngram",   "logit-bias",     "ban",
    "min-new-tokens"};

}  // namespace

void add_sampling_arguments(Arguments& arguments) {
  arguments.group("Sampling");
  arguments.option("temp,temperature", "Divides the logits; 0: always the most probable token", "X",
                   "0.8");
  arguments.option("seed,s", "Of the random numbers", "N", "1337");
  arguments.flag("verbose", fmt::format("Say by which steps tokens are chosen: of these, in this "
                                        "order, those that are asked for: {}; then a draw",
                                        fmt::join(sampling_steps(), ", ")));
  arguments.flag("no-cache", "Compute all positions again for every token");
  arguments.group("Truncation");
  arguments.option("top-n-sigma",
                   "Drop tokens with a logit more than N standard deviations below the largest; "
                   "0: none",
                   "N", "0");
  arguments.option("top-k", "Keep the K most probable tokens; 0: all", "K", "0");
  arguments.option("top-p", "Keep the most probable tokens that make up P; 1: all", "P", "1");
  arguments.option("min-p", "Drop tokens below P times the most probable one; 0: none", "P", "0");
  arguments.option("typical-p,typical",
                   "Keep the tokens that make up P whose surprise is nearest to the expected one; "
                   "1: all",
                   "P", "1");
  arguments.option("epsilon",
                   fmt::format("Drop tokens less probable than this; 0: none, the default beside "
                               "--{}",
                               fmt::join(kInPlaceOfEpsilon, ", --")),
                   "X", "0.05");
  arguments.option("eta",
                   "Drop tokens less probable than X, or than less where much is possible; "
                   "0: none",
                   "X", "0");
  arguments.option("xtc-probability",
                   "How often, for each token, all top choices but the least probable one are "
                   "excluded; 0: never",
                   "P", "0");
  arguments.option("xtc-threshold", "How probable a top choice is at least", "P", "0.1");
  arguments.option("mirostat",
                   "Mirostat 2.0, in place of all the others: drop tokens so that the text has a "
                   "surprise of so many bits a token; 0: do not",
                   "BITS", "0");
  arguments.option("mirostat-rate", "How fast --mirostat adapts", "X", "0.1");
  arguments.group("Penalty and word");
  arguments.repeated_option("logit-bias",
                            "Add X (-inf: never) to the logit of TOKEN, its id or text: a word "
                            "without the space in front, \" word\" with it; given again, the next "
                            "one",
                            "TOKEN=X");
  arguments.option(
      "repetition-penalty",
      "Divide the logits of tokens that came before by X (negative ones: multiply); 1: no", "X",
      "1");
  arguments.option("presence-penalty",
                   "Take X from the logits of tokens that were written; the prompt's do not count",
                   "X", "0");
  arguments.option("frequency-penalty", "The same for each time that a token was written", "X",
                   "0");
  arguments.option("dry-multiplier",
                   "DRY: penalty of a token that repeats a sequence, also of the prompt; 0: none",
                   "X", "0");
  arguments.option("dry-base", "Factor of DRY's penalty for each more token that is repeated", "X",
                   "1.75");
  arguments.option("dry-allowed-length", "How many tokens must be repeated for a penalty", "N",
                   "2");
  arguments.repeated_option("dry-breaker",
                            "A text at whose tokens a repetition begins anew; given again, the "
                            "next one; empty: none (default: line break, :, \" and *)",
                            "TEXT");
  arguments.option("no-repeat-ngram",
                   "No N tokens, also of the prompt, come twice in a row; 0: they may", "N", "0");
  arguments.repeated_option(
      "ban", "A word or phrase not to write, behind a space or not; given again, the next one",
      "TEXT");
  arguments.option("min-new-tokens", "Tokens to write before the text may end", "N", "0");
}

std::vector<std::string> drawing_options() {
  auto names = kTruncations;
  names.insert(names.end(), {"xtc-threshold", "mirostat", "mirostat-rate", "seed"});
  return names;
}

std::vector<std::string> sampling_options() {
  auto names = drawing_options();
  names.insert(names.end(), kPenalties.begin(), kPenalties.end());
  names.insert(names.end(), {"temp", "verbose", "no-cache"});
  return names;
}

std::vector<OptionRule> sampling_rules() {
  std::vector<OptionRule> rules{
      {.option = "mirostat", .excludes = kTruncations, .reason = "it chooses how many tokens stay"},
      {.option = "mirostat-rate", .needs = {"mirostat"}},
      {.option = "xtc-threshold", .needs = {"xtc-probability"}},
      {.option = "min-new-tokens", .excludes = {"ignore-eos", "compat"}},
      {.option = "verbose", .excludes = {"quiet"}}};
  for (const auto* option : {"dry-base", "dry-allowed-length", "dry-breaker"}) {
    rules.push_back({.option = option, .needs = {"dry-multiplier"}});
  }
  for (const auto& option : drawing_options()) {
    rules.push_back({.option = option, .excludes = {"temp=0"}});
  }
  return rules;
}

GenerationOptions read_sampling_options(const Arguments& arguments) {
  GenerationOptions options{.temperature = arguments.number("temp"),
                            .top_k = arguments.integer("top-k"),
                            .top_p = arguments.number("top-p"),
                            .min_p = arguments.number("min-p"),
                            .typical_p = arguments.number("typical-p"),
                            .epsilon = arguments.number("epsilon"),
                            .eta = arguments.number("eta"),
                            .top_n_sigma = arguments.number("top-n-sigma"),
                            .xtc_probability = arguments.number("xtc-probability"),
                            .xtc_threshold = arguments.number("xtc-threshold"),
                            .mirostat = arguments.number("mirostat"),
                            .mirostat_rate = arguments.number("mirostat-rate"),
                            .repetition_penalty = arguments.number("repetition-penalty"),
                            .presence_penalty = arguments.number("presence-penalty"),
                            .frequency_penalty = arguments.number("frequency-penalty"),
                            .dry_multiplier = arguments.number("dry-multiplier"),
                            .dry_base = arguments.number("dry-base"),
                            .dry_allowed_length = arguments.integer("dry-allowed-length"),
                            .no_repeat_ngram = arguments.integer("no-repeat-ngram"),
                            .min_new_tokens = arguments.integer("min-new-tokens"),
                            .use_cache = !arguments.is_set("no-cache")};
  const auto given = [&](const std::string& name) { return arguments.given(name); };
  if (!given("epsilon") && std::ranges::any_of(kInPlaceOfEpsilon, given)) options.epsilon = 0;
  const auto seed = arguments.integer("seed");
  if (seed < 0) throw OptionError(fmt::format("--seed is {}, must be 0 or positive", seed));
  options.seed = static_cast<std::uint64_t>(seed);
  return options;
}

GenerationOptions with_word_arguments(const Arguments& arguments, GenerationOptions options,
                                      const Tokenizer& tokenizer) {
  options.constraint = read_constraint(arguments, tokenizer);
  WordOptions words{.logit_bias = arguments.texts("logit-bias"),
                    .banned_words = arguments.texts("ban")};
  if (arguments.given("dry-breaker")) words.dry_breakers = arguments.texts("dry-breaker");
  return with_words(std::move(options), words, tokenizer);
}

void report_sampling(const Arguments& arguments, const GenerationOptions& options) {
  if (!arguments.is_set("verbose")) return;
  note("each token is chosen by: {}\n", fmt::join(sampling_steps(options), ", "));
}

}  // namespace minillama::app
