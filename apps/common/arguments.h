#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/option_list.h"

namespace minillama::app {

/// The command line of an app. Each option is declared once with its help and default, then read
/// with checks; `-` and `_` in option names are the same. All errors are OptionErrors that name the
/// flag and the value.
class Arguments {
 public:
  /// @param program  as which it is built; --help shows it as it was started
  /// @param usage    what follows the program's name, e.g. "[OPTION...] [SENTENCE...]"
  /// @param examples shown at the end of --help, one a line
  Arguments(const std::string& program, std::string summary, std::string usage,
            std::vector<std::string> examples);
  ~Arguments();
  Arguments(Arguments&&) noexcept;

  /// Starts a group of options in --help.
  void group(const std::string& title);
  /// `names` as in "p,prompt" or "n,max-new-tokens,max-tokens"; `value` is how help calls the
  /// value.
  void option(const std::string& names, const std::string& help, const std::string& value,
              const std::optional<std::string>& default_value = {});
  /// An option that may be given several times, and means all of its values.
  void repeated_option(const std::string& names, const std::string& help, const std::string& value);
  /// An option without value.
  void flag(const std::string& names, const std::string& help);
  /// The first argument that is no option is the value of this one, unless it is given itself.
  void positional_option(const std::string& name);
  /// Of the groups --help lists only those whose titles begin with one of these.
  void list_only(std::vector<std::string> groups);

  /// Reads the command line. False if --help or another text about the program was asked for, and
  /// has been printed. Throws OptionError on an unknown option, naming the nearest one, and on one
  /// that is given twice. Options of the file that --settings names count as given, unless the
  /// command line gives them otherwise (common/settings_file.h).
  bool parse(int argc, const char* const* argv);

  /// Reads options that stand somewhere else, as in a file, as if they were a command line. Throws
  /// like parse(), but answers neither --help nor --version: they are given, as any flag.
  void read(const std::vector<std::string>& words);

  /// Takes more options, those that are not given yet. Throws like parse().
  void add(const std::vector<std::string>& words);

  /// The command line that parse() read, as a shell would read it again: behind the program's name
  /// the word `verb`, which parse() was not given, if there is one.
  std::string command() const;
  void set_verb(std::string verb);

  // What was given, by an option's first name.
  bool given(const std::string& name) const;        ///< on the command line, not by default
  std::vector<std::string> all_given() const;       ///< the names of those, in their order
  bool is_set(const std::string& name) const;       ///< a flag
  bool takes_value(const std::string& name) const;  ///< as it was declared: not a flag
  std::string text(const std::string& name) const;  ///< "" if not given and without default
  std::vector<std::string> texts(const std::string& name) const;  ///< of a repeated option
  std::string choice(const std::string& name, const std::vector<std::string>& choices) const;
  std::int64_t integer(const std::string& name) const;
  double number(const std::string& name) const;
  /// What is left beside the options.
  const std::vector<std::string>& positional() const;

 private:
  struct State;
  void add_option(const std::string& names, Option option);
  void take(const std::vector<std::string>& words);
  void refuse_repetition() const;
  std::string help() const;
  /// What --help and the like ask for; "" if nothing does.
  std::string about_program() const;
  /// What was declared, with the name as which the program was started.
  OptionList list_as_called() const;

  std::unique_ptr<State> state_;
};

}  // namespace minillama::app
