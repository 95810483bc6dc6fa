/* SPDX-License-Identifier: Apache-2.0 */
/* What a remote shell prints, cut into the answers of single calls. Pure. */
#ifndef PLIMSOLL_AGENT_REMOTE_FRAMES_H
#define PLIMSOLL_AGENT_REMOTE_FRAMES_H

#include <glib.h>

/* One call's answer, whole; the bytes are a borrow of what was parsed. */
struct remote_frame {
	guint id;
	const char *output;
	size_t output_size;
	const char *words; /* what its programs complained about */
	size_t words_size;
	int status; /* how it ended */
};

/*
 * Reads "MARK b ID\n" output "MARK m ID\n" words "MARK e ID STATUS\n". A frame that another mark
 * interrupts, or that has no end, is left out: something else wrote into it.
 *
 * gives: an array of struct remote_frame.
 */
GArray *remote_frames_parse(const char *data, size_t size, const char *mark);

/* Where the line "MARK z TRIP\n" ends, which closes a trip; 0 = it is not there. from: bytes that
 * were searched before. */
size_t remote_frames_end(const char *data, size_t size, size_t from, const char *mark, guint trip);

/* The number that a text begins with, at most nine digits. Returns how many; 0 = none. */
size_t remote_frames_number(const char *text, size_t size, guint *ret_number);

#endif
