#include "common/verbs.h"

#include <algorithm>
#include <array>

#include "common/spelling.h"

namespace minillama::app {
namespace {

const std::vector<std::string> kOfTraining{"Method",   "Data set",  "Training",
                                           "Adapters", "Objective", "Model"};

}  // namespace

std::span<const Verb> verbs() {
  static const std::array<Verb, 4> kVerbs{{
      {.usage = "[OPTION...] [TEXT...]",
       .groups = {"Sentences", "Method", "Model"},
       .examples = {"train messages.csv", "-m runs/messages \"Where is my parcel?\"",
                    "-m runs/messages -f texts.txt", "-m runs/messages",
                    "test -m runs/messages more.csv"}},
      {.word = "train",
       .does = "learn a classifier from labelled texts",
       .usage = "[OPTION...] FILE",
       .file = "train",
       .needs = "a file of labelled texts",
       .option = "lora",
       .groups = kOfTraining,
       .examples = {"train messages.csv", "train messages.csv --test more.csv --out-dir runs/first",
                    "train messages.csv --time-budget 10m",
                    "train messages.csv --resume --epochs 40"}},
      {.word = "test",
       .does = "measure a classifier on labelled texts",
       .usage = "[OPTION...] -m DIR FILE",
       .file = "test",
       .needs = "a file of labelled texts",
       .groups = {"Data set", "Model"},
       .examples = {"test -m runs/messages more.csv",
                    "test -m runs/messages more.csv --probabilities-out answers.jsonl"}},
      {.word = "report",
       .does = "compare runs in a page of HTML",
       .usage = "[OPTION...] PAGE DIR...",
       .file = "report",
       .needs = "a page to write and folders of runs",
       .examples = {"report runs.html runs/messages runs/tried"}},
  }};
  return kVerbs;
}

const Verb* find_verb(const std::string& word) {
  const auto found = std::ranges::find(verbs(), word, &Verb::word);
  return found == verbs().end() || word.empty() ? nullptr : &*found;
}

const Verb* nearest_verb(const std::string& word) {
  const auto is_near = [&](const Verb& verb) {
    return !verb.word.empty() && is_slip_of(word, verb.word);
  };
  const auto found = std::ranges::find_if(verbs(), is_near);
  return found == verbs().end() ? nullptr : &*found;
}

}  // namespace minillama::app
