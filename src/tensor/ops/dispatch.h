// SPDX-License-Identifier: Apache-2.0
// From the dtype of a tensor to the type of a template: fn is called with a null pointer of the
// element type. Inside a kernel fn is a lambda marked HWY_ATTR.
#pragma once

#include "tensor/tensor.h"

namespace cambium::ops {

template <class Fn>
void WithType(DType dtype, const Fn& fn) {
  if (dtype == DType::kF32) {
    fn(static_cast<float*>(nullptr));
  } else {
    fn(static_cast<BFloat16*>(nullptr));
  }
}

template <class Fn>
void WithTypes(DType a, DType b, const Fn& fn) {
  if (a == DType::kF32) {
    b == DType::kF32 ? fn(static_cast<float*>(nullptr), static_cast<float*>(nullptr))
                     : fn(static_cast<float*>(nullptr), static_cast<BFloat16*>(nullptr));
  } else {
    b == DType::kF32 ? fn(static_cast<BFloat16*>(nullptr), static_cast<float*>(nullptr))
                     : fn(static_cast<BFloat16*>(nullptr), static_cast<BFloat16*>(nullptr));
  }
}

}  // namespace cambium::ops
