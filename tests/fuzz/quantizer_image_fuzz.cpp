// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/quantizer_image_fuzz.cpp -- any bytes as a saved quantiser of each kind: refused, or one that encodes, decodes
// and saves itself again as the same bytes.
//
// Each input is tried twice: as it is, and with all but shape and numbers made right, so that what is checked behind the
// checksum is reached too.
#include <atlas/quantize/additive_quantizer.hpp>
#include <atlas/quantize/any_quantizer.hpp>
#include <atlas/quantize/bit_quantizer.hpp>
#include <atlas/quantize/corrected_quantizer.hpp>
#include <atlas/quantize/learned_rotation.hpp>
#include <atlas/quantize/product_quantizer.hpp>
#include <atlas/quantize/rotation.hpp>
#include <atlas/quantize/scalar_quantizer.hpp>

#include "support/insist.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using atlas::detail::image_kind;
using atlas::detail::quantizer_image_header;

/// Rows that no quantiser may choke on, the last of them not finite.
std::vector<float> odd_rows(std::size_t dimension) {
  const float numbers[] = {1.0F, -0.5F, 0.0F, 3e38F, -3e38F, 1e-42F};
  std::vector<float> rows(3 * dimension);
  for (std::size_t i = 0; i < 2 * dimension; ++i) rows[i] = i < dimension ? 0.25F * static_cast<float>(i % 9) : numbers[i % 6];
  for (std::size_t i = 2 * dimension; i < rows.size(); ++i) rows[i] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  return rows;
}

void exercise(const atlas::product_quantizer& loaded) {
  support::insist(loaded.dimension() <= atlas::max_dimension && loaded.parts() <= loaded.dimension(), "a shape that fits");
  const std::vector<float> rows = odd_rows(loaded.dimension());
  std::vector<std::uint8_t> codes(3 * loaded.parts());
  support::insist(loaded.encode(atlas::dense(rows.data(), 3, loaded.dimension()), codes.data()).ok(), "what loads encodes");
  for (const std::uint8_t code : codes) support::insist(code < loaded.centroids(), "codes name centroids");
  std::vector<std::uint8_t> packed(loaded.code_bytes());
  std::vector<std::uint8_t> unpacked(loaded.parts());
  loaded.pack(codes.data(), packed.data());
  loaded.unpack(packed.data(), unpacked.data());
  support::insist(std::memcmp(unpacked.data(), codes.data(), unpacked.size()) == 0, "packing loses nothing");
  std::vector<float> out(loaded.dimension());
  std::vector<float> tables(loaded.parts() * loaded.centroids());
  const std::vector<std::uint8_t> wild(loaded.parts(), 0xFF);
  loaded.decode(wild.data(), out.data());
  loaded.inner_product_tables(rows.data(), tables.data());
  loaded.distance_tables(rows.data() + loaded.dimension(), tables.data());
  support::insist(loaded.error_of(atlas::dense(rows.data(), 1, loaded.dimension())).ok(), "what loads states its error");
}

void exercise(const atlas::learned_rotation& loaded) {
  support::insist(loaded.padded() >= loaded.dimension() && loaded.padded() < 2 * loaded.dimension(), "a shape that fits");
  const std::vector<float> rows = odd_rows(loaded.dimension());
  std::vector<float> one(loaded.padded());
  std::vector<float> many(3 * loaded.padded());
  for (std::size_t row = 0; row < 3; ++row) loaded.apply(rows.data() + row * loaded.dimension(), one.data());
  support::insist(loaded.apply(atlas::dense(rows.data(), 3, loaded.dimension()), many.data()).ok(), "what loads turns");
  loaded.apply(rows.data(), one.data());
  double before = 0;
  double after = 0;
  for (std::size_t i = 0; i < loaded.dimension(); ++i) before += static_cast<double>(rows[i]) * static_cast<double>(rows[i]);
  for (const float each : one) after += static_cast<double>(each) * static_cast<double>(each);
  support::insist(after <= 1.01 * static_cast<double>(loaded.dimension()) * before, "rows become at most sqrt(dimension) times as long");
  if (loaded.dimension() <= 256) support::insist(loaded.orthogonality_error().ok(), "what loads says how orthogonal it is");
}

void exercise(const atlas::scalar_quantizer& loaded) {
  const std::vector<float> rows = odd_rows(loaded.dimension());
  std::vector<std::uint8_t> codes(3 * loaded.code_bytes());
  support::insist(loaded.encode(atlas::dense(rows.data(), 3, loaded.dimension()), codes.data()).ok(), "what loads encodes");
  std::vector<float> out(loaded.dimension());
  const std::vector<std::uint8_t> wild(loaded.code_bytes(), 0xFF);
  loaded.decode(wild.data(), out.data());
  for (std::size_t row = 0; row < 3; ++row) loaded.decode(codes.data() + row * loaded.code_bytes(), out.data());
}

void exercise(const atlas::additive_quantizer& loaded) {
  const std::vector<float> rows = odd_rows(loaded.dimension());
  std::vector<std::uint8_t> codes(3 * loaded.stages());
  support::insist(loaded.encode(atlas::dense(rows.data(), 3, loaded.dimension()), codes.data()).ok(), "what loads encodes");
  for (const std::uint8_t code : codes) support::insist(code < loaded.centroids(), "codes name centroids");
  std::vector<float> out(loaded.dimension());
  std::vector<float> tables(loaded.stages() * loaded.centroids());
  const std::vector<std::uint8_t> wild(loaded.stages(), 0xFF);
  loaded.decode(wild.data(), out.data());
  support::insist(loaded.squared_length(wild.data()) >= 0, "a length");
  loaded.inner_product_tables(rows.data() + loaded.dimension(), tables.data());
}

void exercise(const atlas::bit_quantizer& loaded) {
  const std::vector<float> rows = odd_rows(loaded.dimension());
  std::vector<std::uint8_t> codes(3 * loaded.code_bytes());
  support::insist(loaded.encode(atlas::dense(rows.data(), 3, loaded.dimension()), codes.data()).ok(), "what loads encodes");
  codes.resize(4 * loaded.code_bytes(), 0xFF);  // a wild one
  std::vector<float> decoded(loaded.padded());
  float distances[4];
  float errors[4];
  atlas::bit_quantizer::query_tables tables;
  for (std::size_t row = 0; row < 3; ++row) {
    support::insist(loaded.prepare(rows.data() + row * loaded.dimension(), tables).ok(), "what loads prepares queries");
    loaded.estimate(tables, codes.data(), 4, distances, errors);
  }
  for (std::size_t row = 0; row < 4; ++row) loaded.decode(codes.data() + row * loaded.code_bytes(), decoded.data());
}

void exercise(const atlas::corrected_quantizer& loaded) {
  support::insist(loaded.code_bytes() >= 2 && loaded.code_bytes() <= loaded.dimension() + 1, "a shape that fits");
  const std::vector<float> rows = odd_rows(loaded.dimension());
  std::vector<std::uint8_t> codes(3 * loaded.code_bytes());
  support::insist(loaded.encode(atlas::dense(rows.data(), 3, loaded.dimension()), codes.data()).ok(), "what loads encodes");
  std::vector<float> out(loaded.dimension());
  std::vector<float> tables(loaded.code_bytes() * 256);
  const std::vector<std::uint8_t> wild(loaded.code_bytes(), 0xFF);
  loaded.decode(wild.data(), out.data());
  for (std::size_t row = 0; row < 3; ++row) {
    loaded.decode(codes.data() + row * loaded.code_bytes(), out.data());
    support::insist(loaded.distance_tables(rows.data() + row * loaded.dimension(), tables.data()).ok(), "what loads makes tables");
  }
  support::insist(loaded.error_of(atlas::dense(rows.data(), 1, loaded.dimension())).ok(), "what loads states its error");
}

void exercise(const atlas::rotation& loaded) {
  const std::vector<float> rows = odd_rows(loaded.dimension());
  const std::vector<float> zeros(loaded.dimension(), 0.0F);
  std::vector<float> turned(loaded.padded());
  for (std::size_t row = 0; row < 3; ++row) {
    loaded.apply(rows.data() + row * loaded.dimension(), 1.0F, zeros.data(), turned.data());
    loaded.apply_inverse(turned.data());
  }
}

void exercise(const atlas::any_quantizer& loaded) {
  const std::size_t dimension = loaded.dimension();
  const std::size_t bytes = loaded.code_bytes();
  const std::vector<float> rows = odd_rows(dimension);
  const atlas::matrix_view view = atlas::dense(rows.data(), 3, dimension);
  std::vector<std::uint8_t> codes(3 * bytes, 0xFF);  // two wild ones
  support::insist(loaded.encode(view.subrows(0, 1), codes.data()).ok(), "what loads encodes");
  support::insist(!loaded.encode(view, codes.data()).ok(), "what no code can stand for is refused");
  const atlas::basic_matrix_view<std::uint8_t> all{codes.data(), 3, bytes, bytes};
  std::vector<float> decoded(3 * dimension);
  support::insist(loaded.decode(all, decoded.data()).ok(), "what loads decodes");
  float distances[9];
  float errors[9];
  float* const spread = loaded.kind() == atlas::quantizer_kind::bits ? errors : nullptr;
  support::insist(loaded.distances(view, all, distances, spread).ok(), "what loads measures");
  support::insist(loaded.error_of(atlas::dense(rows.data(), 1, dimension)).ok(), "what loads states its error");
}

template <class Quantizer>
void try_image(const std::vector<std::byte>& image) {
  const auto loaded = Quantizer::load(atlas::span<const std::byte>(image.data(), image.size()));
  if (!loaded.ok()) {
    support::insist(loaded.error() == atlas::errc::corrupt_file || loaded.error() == atlas::errc::unsupported_version, "a refusal says why");
    return;
  }
  exercise(*loaded);
  atlas::buffer<std::byte> again;
  support::insist(loaded->save(again).ok(), "what loads can be saved");
  support::insist(again.size() == image.size(), "it saves itself with the same size");
  support::insist(std::memcmp(again.data(), image.data(), image.size()) == 0, "it saves itself as the same bytes");
}

void try_all(const std::vector<std::byte>& image) {
  try_image<atlas::product_quantizer>(image);
  try_image<atlas::learned_rotation>(image);
  try_image<atlas::scalar_quantizer>(image);
  try_image<atlas::additive_quantizer>(image);
  try_image<atlas::corrected_quantizer>(image);
  try_image<atlas::bit_quantizer>(image);
  try_image<atlas::rotation>(image);
  try_image<atlas::any_quantizer>(image);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 200'000) return 0;  // they only cost time
  std::vector<std::byte> image(size);
  if (size != 0) std::memcpy(image.data(), data, size);
  try_all(image);
  if (size < sizeof(quantizer_image_header)) return 0;
  quantizer_image_header header;
  std::memcpy(&header, image.data(), sizeof header);
  header.magic = atlas::detail::quantizer_image_magic;
  header.version = atlas::detail::quantizer_image_version;
  header.kind = static_cast<image_kind>(1 + static_cast<unsigned>(header.kind) % 7);
  if (header.kind == image_kind::bits) header.shape[2] = atlas::mix64(header.shape[1]);
  if (header.kind == image_kind::random_rotation) {
    header.shape[2] = atlas::mix64(header.shape[1] ^ atlas::mix64(header.shape[0]));
    size = sizeof header;
  }
  header.unused[0] = header.unused[1] = 0;
  header.count = (size - sizeof header) / sizeof(float);
  image.resize(sizeof header + static_cast<std::size_t>(header.count) * sizeof(float));
  for (std::size_t at = sizeof header; at < image.size(); at += sizeof(float)) {
    const auto number = atlas::load_unaligned<float>(image.data() + at);
    if (!(number - number == 0.0F)) atlas::store_unaligned(image.data() + at, 0.5F);
  }
  header.checksum = atlas::detail::checksum_of(header, image.data() + sizeof header);
  std::memcpy(image.data(), &header, sizeof header);
  try_all(image);
  return 0;
}
