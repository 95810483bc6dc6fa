# SPDX-License-Identifier: Apache-2.0
# plimsoll.proto to Markdown: one table per message, one row per field, with the comment that stands beside it.
# Two passes over the same file: enumerations first, because a field may stand before them.

function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }

function kind_of(type, label,    kind, key) {
	key = (message "." type) in values ? message "." type : type
	if (type in plain)
		kind = plain[type]
	else if (key in values)
		kind = "one of " values[key]
	else
		kind = "[" type "](#" tolower(type) ")"
	return label == "repeated" ? "list of " kind : kind
}

function flush_row() {
	if (name != "")
		printf "| `%s` | %s | %s |\n", name, kind, trim(note)
	name = ""; note = ""
}

function field(text,    word, n) {
	n = split(text, word, /[ \t]+/)
	if (n >= 5 && (word[1] == "optional" || word[1] == "repeated")) {
		flush_row()
		kind = kind_of(word[2], word[1])
		name = word[3]
	}
}

function value(text,    word, key) {
	split(text, word, /[ \t]+/)
	key = (message == "" ? "" : message ".") enumeration
	values[key] = values[key] (values[key] == "" ? "" : ", ") tolower(word[1])
}

function statement(text) {
	text = trim(text)
	if (text == "")
		return
	if (enumeration != "") {
		if (pass == 1)
			value(text)
	} else if (message != "" && shown) {
		field(text)
	}
}

function open_block(text,    word) {
	split(trim(text), word, /[ \t]+/)
	if (word[1] == "enum") {
		enumeration = word[2]
	} else {
		message = word[2]
		shown = pass == 2 && message != "Reply" # which the server sends
		if (shown) {
			printf "\n### %s\n\n", message
			if (heading != "")
				printf "%s\n\n", heading
			print "| field | kind | meaning |\n|---|---|---|"
		}
	}
	heading = ""
}

function close_block() {
	if (enumeration != "") {
		enumeration = ""
	} else {
		flush_row()
		message = ""
	}
}

function code(text,    i, c, part) {
	part = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "{") { open_block(part); part = "" }
		else if (c == ";") { statement(part); part = "" }
		else if (c == "}") { close_block(); part = "" }
		else part = part c
	}
}

function comment(text) {
	text = trim(text)
	gsub(/\|/, "or", text)
	if (pass == 2 && message != "" && enumeration == "")
		note = note " " text
	else if (pass == 2 && message == "" && text !~ /^-+/)
		heading = trim(heading " " text)
}

BEGIN {
	plain["string"] = "text"; plain["bytes"] = "bytes"; plain["bool"] = "yes or no"
	plain["int64"] = plain["uint64"] = plain["uint32"] = "number"
}
FNR == 1 { pass++; message = enumeration = ""; heading = "" }
/^(syntax|package)/ || /^[ \t]*$/ { heading = ""; next }
{
	at = index($0, "//")
	before = at > 0 ? substr($0, 1, at - 1) : $0
	after = at > 0 ? substr($0, at + 2) : ""
	was_inside = message != ""
	if (at > 0 && before ~ /\{[ \t]*$/) {  # the comment is about the block that opens here
		if (before ~ /message/) heading = trim(after)
		after = ""
	}
	code(before)
	if (after != "")
		comment(after)
	if (was_inside && message == "")
		flush_row()
}
