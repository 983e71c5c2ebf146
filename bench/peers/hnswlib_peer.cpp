// SPDX-License-Identifier: Apache-2.0
// bench/peers/hnswlib_peer.cpp -- compiled with the peer's best flags.
#include "peers/hnswlib_peer.hpp"

#if ATLAS_BENCH_HAVE_HNSWLIB
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#include <hnswlib/hnswlib.h>
#pragma GCC diagnostic pop

namespace bench {

struct hnswlib_peer::state {
  std::size_t dimension;
  std::unique_ptr<hnswlib::SpaceInterface<float>> space;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> index;

  state(std::size_t components, bool inner_product) : dimension(components) {
    if (inner_product) {
      space = std::make_unique<hnswlib::InnerProductSpace>(components);
    } else {
      space = std::make_unique<hnswlib::L2Space>(components);
    }
  }
};

bool hnswlib_peer::is_available() { return true; }

hnswlib_peer::hnswlib_peer(std::size_t dimension, bool inner_product, std::size_t most_rows, std::size_t connectivity,
                           std::size_t build_width)
    : state_(std::make_unique<state>(dimension, inner_product)) {
  state_->index = std::make_unique<hnswlib::HierarchicalNSW<float>>(state_->space.get(), most_rows, connectivity, build_width);
}
hnswlib_peer::hnswlib_peer(const std::string& path, std::size_t dimension, bool inner_product)
    : state_(std::make_unique<state>(dimension, inner_product)) {
  state_->index = std::make_unique<hnswlib::HierarchicalNSW<float>>(state_->space.get(), path);
}
hnswlib_peer::~hnswlib_peer() = default;

void hnswlib_peer::add(const float* rows, std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) state_->index->addPoint(rows + i * state_->dimension, i);
}
void hnswlib_peer::save(const std::string& path) { state_->index->saveIndex(path); }
std::size_t hnswlib_peer::search(const float* query, std::size_t k, std::size_t width, std::uint64_t* keys) const {
  state_->index->setEf(width);
  auto found = state_->index->searchKnn(query, k);
  std::size_t count = 0;
  for (; !found.empty(); found.pop()) keys[count++] = found.top().second;
  return count;
}

struct hnswlib_kernel_peer::state {
  std::size_t dimension;
  std::unique_ptr<hnswlib::SpaceInterface<float>> space;
};

hnswlib_kernel_peer::hnswlib_kernel_peer(std::size_t dimension, bool inner_product) : state_(new state{dimension, nullptr}) {
  if (inner_product) {
    state_->space = std::make_unique<hnswlib::InnerProductSpace>(dimension);
  } else {
    state_->space = std::make_unique<hnswlib::L2Space>(dimension);
  }
}
hnswlib_kernel_peer::~hnswlib_kernel_peer() = default;
void hnswlib_kernel_peer::distances(const float* query, const float* rows, std::size_t count, float* out) const {
  const auto distance = state_->space->get_dist_func();
  void* const dimension = state_->space->get_dist_func_param();
  for (std::size_t i = 0; i < count; ++i) out[i] = distance(query, rows + i * state_->dimension, dimension);
}
void hnswlib_kernel_peer::gather(const float* query, const float* rows, const std::uint32_t* ids, std::size_t count, float* out) const {
  const auto distance = state_->space->get_dist_func();
  void* const dimension = state_->space->get_dist_func_param();
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 1 < count) __builtin_prefetch(rows + ids[i + 1] * state_->dimension);
    out[i] = distance(query, rows + ids[i] * state_->dimension, dimension);
  }
}
const char* hnswlib_kernel_peer::isa() {
#if defined(USE_AVX512)
  return "AVX-512";
#elif defined(USE_AVX)
  return "AVX";
#elif defined(USE_SSE)
  return "SSE";
#else
  return "plain";
#endif
}

}  // namespace bench

#else

#include <stdexcept>

namespace bench {
struct hnswlib_peer::state {};
bool hnswlib_peer::is_available() { return false; }
hnswlib_peer::hnswlib_peer(std::size_t, bool, std::size_t, std::size_t, std::size_t) { throw std::runtime_error("built without hnswlib"); }
hnswlib_peer::hnswlib_peer(const std::string&, std::size_t, bool) { throw std::runtime_error("built without hnswlib"); }
hnswlib_peer::~hnswlib_peer() = default;
void hnswlib_peer::add(const float*, std::size_t, std::size_t) {}
void hnswlib_peer::save(const std::string&) {}
std::size_t hnswlib_peer::search(const float*, std::size_t, std::size_t, std::uint64_t*) const { return 0; }
struct hnswlib_kernel_peer::state {};
hnswlib_kernel_peer::hnswlib_kernel_peer(std::size_t, bool) {}
hnswlib_kernel_peer::~hnswlib_kernel_peer() = default;
void hnswlib_kernel_peer::distances(const float*, const float*, std::size_t, float*) const {}
void hnswlib_kernel_peer::gather(const float*, const float*, const std::uint32_t*, std::size_t, float*) const {}
const char* hnswlib_kernel_peer::isa() { return ""; }
}  // namespace bench

#endif
