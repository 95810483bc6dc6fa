/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine behind SSH prints: frames, records about paths, complaints. */
#include <string.h>

#include "agent/ssh/remote_frames.h"
#include "agent/ssh/remote_records.h"
#include "tests/fuzz/fuzz.h"

static void use_records(const char *output, size_t size)
{
	const char *end = output + size;
	const char *path = NULL;
	struct remote_entry entry;
	char *own_path = NULL;

	for (const char *at = output; remote_record_entry(&at, end, &entry, &path);)
		g_free(entry.target);
	for (const char *at = output; remote_record_file(&at, end, &entry, &path);) {
	}
	for (const char *at = output; remote_record_plain(&at, end, &entry, &own_path);)
		g_free(own_path);
}

static void use_frame(const struct remote_frame *frame)
{
	g_autoptr(GHashTable) complaints = remote_complaints(frame->words, frame->words_size);
	g_autofree char *text = g_strndup(frame->words, frame->words_size);
	g_autofree char *quoted = remote_quoted(text, '\'');
	struct remote_entry entry;

	(void)g_hash_table_size(complaints);
	(void)remote_errno_last(frame->words, frame->words_size);
	(void)remote_is_plain(quoted);
	if (remote_record_aside(text, &entry))
		g_free(entry.target);
	use_records(frame->output, frame->output_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	g_autoptr(GArray) frames = remote_frames_parse(text, size, "#");

	for (guint i = 0; i < frames->len; i++)
		use_frame(&g_array_index(frames, struct remote_frame, i));
	if (size > 0 && remote_frames_end(text, size, size / 2, "#", 1) > size)
		g_error("the end lies behind the end");
	use_records(text, size);
	return 0;
}
