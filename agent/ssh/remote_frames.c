/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: frames of a remote shell. The marks are random and known to both
 * ends only, so that no content can pretend to be one.
 */
#include "agent/ssh/remote_frames.h"

#include <stdbool.h>
#include <string.h>

/* A line that starts with the mark. */
struct mark_line {
	char kind; /* b, m, e, z; 0 = it cannot be read */
	guint id;
	guint status;
	const char *start, *end; /* end: behind its line feed */
};

size_t remote_frames_number(const char *text, size_t size, guint *ret_number)
{
	enum { MOST_DIGITS = 9 };
	size_t digits = 0;
	guint number = 0;

	while (digits < MIN(size, (size_t)MOST_DIGITS) && g_ascii_isdigit(text[digits]))
		number = number * 10 + (guint)(text[digits++] - '0');
	*ret_number = number;
	return digits;
}

/* at: behind the mark. */
static void read_line(const char *at, const char *end, struct mark_line *line)
{
	size_t digits = 0;

	line->kind = '\0';
	line->end = at;
	if (end - at < 4 || at[0] != ' ' || at[2] != ' ')
		return;
	digits = remote_frames_number(at + 3, (size_t)(end - at) - 3, &line->id);
	line->end = at + 3 + digits;
	if (digits == 0)
		return;
	if (at[1] == 'e') {
		if (line->end == end || *line->end++ != ' ')
			return;
		digits = remote_frames_number(line->end, (size_t)(end - line->end), &line->status);
		line->end += digits;
		if (digits == 0)
			return;
	}
	if (line->end == end || *line->end++ != '\n')
		return;
	line->kind = at[1];
}

static bool next_line(const char *from, const char *end, const char *mark, struct mark_line *line)
{
	line->start = memmem(from, (size_t)(end - from), mark, strlen(mark));
	if (line->start == NULL)
		return false;
	read_line(line->start + strlen(mark), end, line);
	return true;
}

GArray *remote_frames_parse(const char *data, size_t size, const char *mark)
{
	GArray *frames = g_array_new(FALSE, FALSE, sizeof(struct remote_frame));
	struct remote_frame frame = {0};
	struct mark_line line = {0};
	const char *end = data + size;
	char awaited = 'b';

	for (const char *from = data; next_line(from, end, mark, &line); from = line.end) {
		if (line.kind == 'b') {
			frame = (struct remote_frame){.id = line.id, .output = line.end};
			awaited = 'm';
		} else if (line.kind != awaited || line.id != frame.id) {
			awaited = 'b';
		} else if (line.kind == 'm') {
			frame.output_size = (size_t)(line.start - frame.output);
			frame.words = line.end;
			awaited = 'e';
		} else {
			frame.words_size = (size_t)(line.start - frame.words);
			frame.status = (int)line.status;
			g_array_append_val(frames, frame);
			awaited = 'b';
		}
	}
	return frames;
}

size_t remote_frames_end(const char *data, size_t size, size_t from, const char *mark, guint trip)
{
	g_autofree char *line = g_strdup_printf("%s z %u\n", mark, trip);
	size_t length = strlen(line);
	size_t start = from > length ? from - length : 0;
	const char *found = start >= size ? NULL : memmem(data + start, size - start, line, length);

	return found == NULL ? 0 : (size_t)(found - data) + length;
}
