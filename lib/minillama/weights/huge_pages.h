#pragma once

#include <cstddef>
#include <memory>

namespace minillama {

/// Memory that the system is asked to give in huge pages (2 MB on x86-64), of which a processor
/// reads faster: it fetches ahead within a page only, and knows the addresses of few. Where the
/// system has none it is ordinary memory.
class HugePages {
 public:
  /// Room for `bytes`. Throws std::bad_alloc.
  explicit HugePages(std::size_t bytes);

  std::byte* data() const { return memory_.get(); }

 private:
  struct Delete {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Delete> memory_;
};

}  // namespace minillama
