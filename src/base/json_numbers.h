// SPDX-License-Identifier: Apache-2.0
// Whole numbers out of JSON, without what a conversion would do silently: wrap round, cut off.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace cambium {

// The value of `key`, in [least, most]. Throws kInvalidArgument with `where`, the key and the range
// for any other value, and Json::exception without the key.
template <std::integral T>
T ReadWholeNumber(const Json& json, const char* where, const char* key,
                  T least = std::numeric_limits<T>::min(), T most = std::numeric_limits<T>::max()) {
  const Json& value = json.at(key);
  // std::in_range compares by value, whatever the signs of the types.
  const bool fits = value.is_number_unsigned()  ? std::in_range<T>(value.get<uint64_t>())
                    : value.is_number_integer() ? std::in_range<T>(value.get<int64_t>())
                                                : false;
  if (!fits || value.get<T>() < least || value.get<T>() > most) {
    Fail(ErrorCode::kInvalidArgument, "{}: {} = {} must be a whole number in [{}, {}]", where, key,
         value.dump(), least, most);
  }
  return value.get<T>();
}

}  // namespace cambium
