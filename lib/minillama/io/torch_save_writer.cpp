#include "minillama/io/torch_save_writer.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/io/byte_writer.h"
#include "minillama/io/zip_writer.h"

namespace minillama {
namespace {

constexpr std::string_view kPrefix = "archive/";

std::string_view storage_class(DType dtype) {
  switch (dtype) {
    case DType::float64:
      return "DoubleStorage";
    case DType::float32:
      return "FloatStorage";
    case DType::float16:
      return "HalfStorage";
    case DType::bfloat16:
      return "BFloat16Storage";
    case DType::int64:
      return "LongStorage";
    case DType::int32:
      return "IntStorage";
    case DType::int16:
      return "ShortStorage";
    case DType::int8:
      return "CharStorage";
    case DType::uint8:
      return "ByteStorage";
    case DType::boolean:
      return "BoolStorage";
    default:
      break;  // blocks
  }
  throw OptionError(fmt::format("torch.save's format has no type {}", to_string(dtype)));
}

/// The opcodes of pickle protocol 2 that PyTorch's restricted unpickler accepts, without its memo.
class PickleWriter {
 public:
  PickleWriter() { out_.write_text("\x80\x02"); }

  void global(std::string_view module, std::string_view name) {
    out_.write_text(fmt::format("c{}\n{}\n", module, name));
  }
  void text(std::string_view value) {
    out_.write_text("X");
    out_.write(static_cast<std::uint32_t>(value.size()));
    out_.write_text(value);
  }
  void integer(std::int64_t value) {
    if (INT32_MIN <= value && value <= INT32_MAX) {
      out_.write_text("J");
      out_.write(static_cast<std::int32_t>(value));
    } else {
      out_.write_text("\x8a\x08");  // LONG1 of 8 bytes
      out_.write(value);
    }
  }
  void real(double value) {
    // The restricted unpickler of PyTorch 1.13 knows no floats; Python takes an int for one.
    if (value == std::floor(value) && std::abs(value) < 1e9) {
      return integer(static_cast<std::int64_t>(value));
    }
    out_.write_text("G");  // the one big-endian number
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    out_.write(__builtin_bswap64(bits));
  }
  void scalar(const PythonScalar& value) {
    std::visit(
        [this](const auto& held) {
          using T = std::decay_t<decltype(held)>;
          if constexpr (std::is_same_v<T, std::monostate>) op('N');
          if constexpr (std::is_same_v<T, bool>) boolean(held);
          if constexpr (std::is_same_v<T, std::int64_t>) integer(held);
          if constexpr (std::is_same_v<T, double>) real(held);
          if constexpr (std::is_same_v<T, std::string_view>) text(held);
        },
        value);
  }
  void boolean(bool value) { op(value ? '\x88' : '\x89'); }
  void integers(const std::vector<std::int64_t>& values) {
    mark();
    for (const std::int64_t value : values) integer(value);
    tuple();
  }
  void ordered_dict() {
    global("collections", "OrderedDict");
    op(')');  // the empty tuple
    call();
  }
  void mark() { op('('); }
  void dict() { op('}'); }
  void set_items() { op('u'); }
  void tuple() { op('t'); }
  void call() { op('R'); }
  void persistent() { op('Q'); }

  std::string finish() {
    op('.');
    return out_.take();
  }

 private:
  void op(char opcode) { out_.write_text({&opcode, 1}); }

  ByteWriter out_;
};

/// The storages of the tensors in order, each once.
class Storages {
 public:
  /// The number of the storage with these bytes of this type.
  std::size_t add(Bytes bytes, DType dtype) {
    const auto [found, is_new] =
        numbers_.emplace(std::tuple(bytes.data(), bytes.size(), dtype), storages_.size());
    if (is_new) storages_.push_back(bytes);
    return found->second;
  }
  const std::vector<Bytes>& all() const { return storages_; }

 private:
  std::map<std::tuple<const std::byte*, std::size_t, DType>, std::size_t> numbers_;
  std::vector<Bytes> storages_;
};

/// _rebuild_tensor_v2(storage, 0, size, stride, requires_grad, backward_hooks)
void write_tensor(PickleWriter& out, const TensorRecord& record, std::size_t storage) {
  out.global("torch._utils", "_rebuild_tensor_v2");
  out.mark();
  out.mark();
  out.text("storage");
  out.global("torch", storage_class(record.dtype));
  out.text(std::to_string(storage));
  out.text("cpu");
  out.integer(element_count(record));
  out.tuple();
  out.persistent();
  out.integer(0);
  out.integers(record.shape);
  out.integers(contiguous_strides(record.shape));
  out.boolean(false);
  out.ordered_dict();
  out.tuple();
  out.call();
}

}  // namespace

void write_torch_save(const std::filesystem::path& path, std::span<const TensorRecord> model,
                      std::span<const std::pair<std::string, PythonScalar>> model_args) {
  PickleWriter pickle;
  Storages storages;
  pickle.dict();
  pickle.mark();
  pickle.text("model");
  pickle.ordered_dict();
  pickle.mark();
  for (const TensorRecord& record : model) {
    check_tensor(record, path);
    if (!is_contiguous(record)) {
      throw FileError(path, fmt::format("tensor {} is not contiguous", quote(record.name)));
    }
    const auto size = storage_size(record.dtype, element_count(record));
    pickle.text(record.name);
    write_tensor(pickle, record, storages.add(record.data.first(size), record.dtype));
  }
  pickle.set_items();
  pickle.text("model_args");
  pickle.dict();
  pickle.mark();
  for (const auto& [name, value] : model_args) {
    pickle.text(name);
    pickle.scalar(value);
  }
  pickle.set_items();
  pickle.set_items();

  AtomicFile file(path);
  ZipWriter zip(file, path);
  zip.add(fmt::format("{}data.pkl", kPrefix), as_bytes(pickle.finish()));
  for (std::size_t i = 0; i < storages.all().size(); ++i) {
    zip.add(fmt::format("{}data/{}", kPrefix, i), storages.all()[i]);
  }
  zip.add(fmt::format("{}version", kPrefix), as_bytes("3\n"));
  zip.finish();
  file.commit();
}

}  // namespace minillama
