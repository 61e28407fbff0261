#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Python renders of chat templates: the expected results of chat_template_golden_test.

    python3 generate.py > expected.json              the templates of this folder
    python3 generate.py DIR > cases.jsonl            all *.jinja of DIR, one case a line: put it at
                                                     SHARED/data/chat-templates/cases.jsonl and the
                                                     test renders these too

Needs transformers (written with 5.23.0, Jinja2 3.1.6, Python 3.11). The templates here are our own,
in the manner of what models use; those of models belong to their owners and are not committed.
"""
import datetime
import functools
import json
import pathlib
import sys

import transformers.utils.chat_template_utils as templates

HERE = pathlib.Path(__file__).parent


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime(2025, 7, 4, 15, 6, 7)


templates.datetime = FixedClock
compile_template = functools.lru_cache(4)(templates._cached_compile_jinja_template)


def render(source, case, tools):
    variables = {"bos_token": "<s>", "eos_token": "</s>"} | case.get("variables", {})
    messages = templates._alias_reasoning_fields(templates._plain_template_data(case["messages"]))
    try:
        text = compile_template(source).render(
            messages=messages,
            tools=tools if case.get("use_tools") else None,
            documents=None,
            add_generation_prompt=case.get("add_generation_prompt", False),
            **variables,
        )
        text.encode()
        return {"text": text}
    except Exception as error:  # what a template raises is what we want to know
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    cases = json.loads((HERE / "conversations.json").read_text())
    tools = json.loads((HERE / "tools.json").read_text())
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    expected = {}
    for path in sorted(folder.glob("*.jinja")):
        with path.open(newline="") as file:
            source = file.read()
        results = {name: render(source, case, tools) for name, case in cases.items()}
        if folder == HERE:
            expected[path.stem] = results
        else:
            row = {"template": path.stem, "source": source, "results": results}
            print(json.dumps(row, ensure_ascii=False))
    if folder == HERE:
        print(json.dumps(expected, ensure_ascii=False, indent=1))


main()
