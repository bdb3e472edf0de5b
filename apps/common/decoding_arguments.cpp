#include "common/decoding_arguments.h"

#include <map>

#include "minillama/text/token_ids.h"

#include "common/output.h"
#include "common/sampling_arguments.h"

namespace minillama::app {
namespace {

const std::map<std::string, EarlyStopping> kEarlyStopping{
    {"heuristic", EarlyStopping::heuristic},
    {"always", EarlyStopping::always},
    {"never", EarlyStopping::never},
};

}  // namespace

void add_decoding_arguments(Arguments& arguments) {
  arguments.group("Strategy");
  arguments.option("continuations,num-return-sequences",
                   "Continue the text N times, or write the N best that a search finds: a line for "
                   "each, with line breaks written as \\n. The text is read once",
                   "N", "1");
  arguments.option("prompt-lookup",
                   "Speculative decoding: where the text repeats itself, compute N tokens at once "
                   "that may follow; the same texts, sooner",
                   "N", "0");
  arguments.option("draft-model",
                   "Speculative decoding with the guesses of a small model of the same vocabulary; "
                   "the same texts, sooner",
                   "PATH");
  arguments.option("draft-tokens", "How many tokens it guesses at a time", "N", "2");
  arguments.option("num-beams",
                   "Beam search: write the most probable text that N beams find; 0: sample", "N",
                   "0");
  arguments.option("length-penalty",
                   "Compare log-probabilities divided by length to the power of X; above 0 longer "
                   "texts win, below 0 shorter ones",
                   "X", "1");
  arguments.option("early-stopping",
                   "With as many texts as beams, end: always; when no beam is better by its length "
                   "so far (heuristic); when none can become better (never)",
                   "WHEN", "heuristic");
  arguments.option("beam-groups,num-beam-groups",
                   "Diverse beam search: groups of beams that avoid each other's tokens", "N", "1");
  arguments.option("diversity-penalty",
                   "Taken from a token's log-probability for each beam of the groups before that "
                   "goes on with it",
                   "X", "0");
  arguments.option(
      "penalty-alpha",
      "Contrastive search: among --top-k tokens, take X (0 to 1) of how much one is like "
      "those before it from 1 - X of its probability; 0: no such search",
      "X", "0");
  arguments.option("guidance,guidance-scale",
                   "Classifier-free guidance: go X times as far from what would follow "
                   "--negative-prompt; 1: do not",
                   "X", "1");
  arguments.option("negative-prompt", "The text to be guided away from (default: none)", "TEXT");
}

std::vector<std::string> decoding_options() {
  return {"continuations",     "prompt-lookup",  "draft-model",    "draft-tokens",
          "num-beams",         "length-penalty", "early-stopping", "beam-groups",
          "diversity-penalty", "penalty-alpha",  "guidance",       "negative-prompt"};
}

std::vector<OptionRule> decoding_rules(const Arguments& arguments) {
  std::vector<OptionRule> rules{
      {.option = "continuations",
       .excludes = {"each-line"},
       .reason = "each line has one line of output"},
      {.option = "prompt-lookup", .excludes = {"draft-model"}, .reason = "either guesses"},
      {.option = "draft-tokens", .needs = {"draft-model"}},
      {.option = "length-penalty", .needs = {"num-beams"}},
      {.option = "early-stopping", .needs = {"num-beams"}},
      {.option = "beam-groups", .needs = {"num-beams"}},
      {.option = "beam-groups", .needs = {"diversity-penalty"}},
      {.option = "diversity-penalty", .needs = {"beam-groups"}},
      {.option = "penalty-alpha", .needs = {"top-k"}},
      {.option = "penalty-alpha", .excludes = {"continuations"}, .reason = "it finds one text"},
      {.option = "penalty-alpha",
       .excludes = {"num-beams", "prompt-lookup", "draft-model"},
       .reason = "each chooses the tokens in its own way"},
      {.option = "penalty-alpha",
       .excludes = {"compat"},
       .reason = "it needs a model that sees what comes before alone"},
      {.option = "negative-prompt", .needs = {"guidance"}}};
  for (const auto* option : {"prompt-lookup", "draft-model"}) {
    rules.push_back(
        {.option = option, .excludes = {"num-beams"}, .reason = "beam search chooses whole texts"});
    rules.push_back({.option = option,
                     .excludes = {"compat"},
                     .reason = "guesses need a model that sees what comes before alone"});
  }
  for (const auto& option : drawing_options()) {
    rules.push_back(
        {.option = option, .excludes = {"num-beams"}, .reason = "beam search draws nothing"});
    if (option == "top-k") continue;
    rules.push_back({.option = option,
                     .excludes = {"penalty-alpha"},
                     .reason = "contrastive search draws nothing"});
  }
  if (!is_beam_search(arguments)) {
    rules.push_back(
        {.option = "continuations", .excludes = {"temp=0"}, .reason = "all would be the same"});
  }
  if (draws_nothing(arguments) && arguments.number("temp") != 0) {
    rules.push_back({.option = "temp",
                     .excludes = {"num-beams", "penalty-alpha"},
                     .reason = "a search draws nothing, as at 0"});
  }
  return rules;
}

bool is_beam_search(const Arguments& arguments) {
  return arguments.given("num-beams") && arguments.integer("num-beams") != 0;
}

bool draws_nothing(const Arguments& arguments) {
  return is_beam_search(arguments) ||
         (arguments.given("penalty-alpha") && arguments.number("penalty-alpha") != 0);
}

DecodingOptions read_decoding_options(const Arguments& arguments, const TextGenerator& generator,
                                      const GenerationOptions& options) {
  std::vector<std::string> when;
  for (const auto& [name, value] : kEarlyStopping) when.push_back(name);
  DecodingOptions decoding{
      .continuations = arguments.integer("continuations"),
      .prompt_lookup = arguments.integer("prompt-lookup"),
      .draft_tokens = arguments.integer("draft-tokens"),
      .num_beams = arguments.integer("num-beams"),
      .length_penalty = arguments.number("length-penalty"),
      .early_stopping = kEarlyStopping.at(arguments.choice("early-stopping", when)),
      .beam_groups = arguments.integer("beam-groups"),
      .diversity_penalty = arguments.number("diversity-penalty"),
      .penalty_alpha = arguments.number("penalty-alpha"),
      .guidance = arguments.number("guidance")};
  if (arguments.given("draft-model")) {
    const auto draft = TextGenerator::load(arguments.text("draft-model"));
    generator.check_draft(draft);
    decoding.draft = draft.source();
  }
  if (decoding.guidance != 1 || arguments.given("negative-prompt")) {
    decoding.negative_prompt = generator.encode(arguments.text("negative-prompt"), {});
  }
  decoding.validate(options, generator.config());
  if (arguments.is_set("verbose")) note("texts are continued by {}\n", strategy_of(decoding));
  return decoding;
}

}  // namespace minillama::app
