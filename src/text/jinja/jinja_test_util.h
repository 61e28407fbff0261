// SPDX-License-Identifier: Apache-2.0
// For tests of templates: rows of template and text over one set of variables.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "base/error.h"
#include "text/jinja/template.h"

namespace cambium::jinja {

struct RenderedRow {
  std::string source;
  std::string text;
};

inline const Json& TestVariables() {
  static const Json* const kVariables = new Json(Json::parse(R"({
    "s": "Hello World", "empty": "", "u": "naïve ΑΣ ß", "i": 7, "neg": -3, "f": 2.5, "t": true,
    "no": null, "l": [3, 1, 2], "words": ["b", "A", "c"], "d": {"a": 1, "B": 2, "items": [5]},
    "people": [{"n": "x", "v": 3, "on": true}, {"n": "Y", "v": 1, "on": false}, {"n": "z", "v": 2}],
    "html": "<a>&'"})"));
  return *kVariables;
}

inline std::string RenderTest(const std::string& source, const RenderOptions& options = {}) {
  return Template(source).Render(TestVariables(), options);
}

inline void ExpectRendered(std::initializer_list<RenderedRow> rows) {
  for (const RenderedRow& row : rows) EXPECT_EQ(RenderTest(row.source), row.text) << row.source;
}

// The message of the Error that parsing or rendering throws, or a failure and "".
inline std::string ErrorOf(const std::string& source, ErrorCode code,
                           const RenderOptions& options = {}) {
  try {
    ADD_FAILURE() << source.substr(0, 200) << " renders " << RenderTest(source, options);
  } catch (const Error& error) {
    EXPECT_EQ(ErrorCodeName(error.code()), std::string(ErrorCodeName(code)))
        << source.substr(0, 200) << ": " << error.what();
    return error.what();
  }
  return "";
}

}  // namespace cambium::jinja
