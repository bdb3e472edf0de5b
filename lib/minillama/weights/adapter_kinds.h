#pragma once

// Not part of the public interface: how adapters of each kind are written down.

#include <filesystem>
#include <span>
#include <string_view>

#include "minillama/core/json.h"
#include "minillama/weights/adapter_options.h"
#include "minillama/weights/peft_linears.h"

namespace minillama {

/// A kind of adapter: a row of the table of kinds. The functions that take AdapterOptions take
/// those of this kind.
struct AdapterKind {
  std::string_view name;  ///< "lora", as AdapterOptions::kind()

  /// What options have that say nothing.
  AdapterOptions (*defaults)();

  /// The fields that minillama's own config.json has of an adapter, and the way back. read() throws
  /// FileError naming `path` if they are not just these, each of its type.
  Json (*to_json)(const AdapterOptions& options);
  AdapterOptions (*read)(const Json& json, const std::filesystem::path& path);

  /// "LORA": what the "peft_type" of an adapter_config.json says of this kind.
  std::string_view peft_type;
  /// The field that is true besides if the kind is another one's variant to PEFT ("use_dora"); "".
  std::string_view peft_flag;

  /// The fields that an adapter_config.json has of this kind, in the order in which they are
  /// written, "target_modules" among them, which are the targets as they are spelt, and the way
  /// back. What is said of single linears goes by `linears`, those that have an adapter.
  /// read_peft() reads no targets, which are seen from the tensors. It throws FileError naming
  /// `path` and the field if one has a value with which something else would be computed.
  Json (*to_peft)(const AdapterOptions& options, PeftLinears linears);
  AdapterOptions (*read_peft)(const Json& json, PeftLinears linears,
                              const std::filesystem::path& path);
};

/// All kinds that there are.
std::span<const AdapterKind* const> adapter_kinds();

/// The kind of that name; null if there is none.
const AdapterKind* find_adapter_kind(std::string_view name);

/// The kind of `options`. Throws OptionError if it is none of the table's and so cannot be stored.
const AdapterKind& kind_of(const AdapterOptions& options);

/// Reads an adapter_config.json of any kind, of an adapter of `linears`. Throws FileError naming
/// `path`.
AdapterOptions read_peft_config(const Json& json, const std::filesystem::path& path,
                                PeftLinears linears = {});

}  // namespace minillama
