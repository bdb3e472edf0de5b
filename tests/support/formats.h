#pragma once

#include <filesystem>
#include <string>

#include "minillama/model/language_model.h"
#include "minillama/text/tokenizer.h"

#include "support/files.h"

namespace minillama::test {

/// The file or directory tests/reference/formats<name>, which tests/reference/formats.py writes:
/// the same model in many formats.
std::filesystem::path golden(const std::string& name);

/// Their tokenizer.
Tokenizer golden_tokenizer();

/// Another model that goes with that tokenizer.
LanguageModel model_to_export(NormKind norm = NormKind::rmsnorm, bool tied = true);

/// "" if the models have the same config and the same parameters, bit for bit.
std::string model_difference(const LanguageModel& a, const LanguageModel& b);

/// Copies the files of the golden directory `name` to `directory`, with `part` of `file` replaced.
void copy_golden(const std::string& name, const TemporaryDirectory& directory,
                 const std::string& file, const std::string& part, const std::string& by);

}  // namespace minillama::test
