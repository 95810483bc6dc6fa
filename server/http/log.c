/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that a hostile value can neither break nor imitate; each goes out in one write. */
#include "server/http/log.h"

#include <string.h>
#include <unistd.h>

#include "server/format/text.h"

enum { VALUE_CHARS = 256 };

static bool is_plain(const char *text)
{
	return *text != '\0' &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-._:/@+%")] == '\0';
}

static void append_value(GString *line, const char *value)
{
	g_autoptr(GString) clean = g_string_new(NULL);

	text_append(clean, value, VALUE_CHARS, true);
	if (is_plain(clean->str)) {
		g_string_append(line, clean->str);
		return;
	}
	g_string_append_c(line, '"');
	for (const char *at = clean->str; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			g_string_append_c(line, '\\');
		g_string_append_c(line, *at);
	}
	g_string_append_c(line, '"');
}

void log_pairs(const char *event, ...)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
	g_autoptr(GString) line = g_string_new(NULL);
	const char *key;
	va_list pairs;

	g_string_append_printf(line, "time=%s event=%s", time, event);
	va_start(pairs, event);
	while ((key = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);

		if (value == NULL)
			continue;
		g_string_append_printf(line, " %s=", key);
		append_value(line, value);
	}
	va_end(pairs);
	g_string_append_c(line, '\n');
	/* A log that cannot be written must not stop the server. */
	if (write(STDERR_FILENO, line->str, line->len) < 0)
		return;
}
