#pragma once

#include <span>
#include <string>
#include <vector>

namespace minillama::app {

/// What `classify` is to do, a word in front of all else, as rows of a table: each stands for
/// options that there are without it.
struct Verb {
  std::string word = {};    ///< empty: texts are classified
  std::string does = {};    ///< for --help
  std::string usage = {};   ///< behind the word
  std::string file = {};    ///< the option that is meant by the first argument, such as "train"
  std::string needs = {};   ///< what that is
  std::string option = {};  ///< --option unless given
  std::vector<std::string> groups = {};    ///< of the options that its --help lists
  std::vector<std::string> examples = {};  ///< behind the program's name
};

/// All of them, that of the empty word first.
std::span<const Verb> verbs();

/// The one of that word, which is not empty; nothing if there is none.
const Verb* find_verb(const std::string& word);

/// The one that `word` may have been meant for, with a slip of the finger; nothing if it is like
/// none.
const Verb* nearest_verb(const std::string& word);

}  // namespace minillama::app
