/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and strings as SSH writes them (RFC 4251, section 5), read without running past the end.
 */
#ifndef PLIMSOLL_AGENT_SSH_WIRE_H
#define PLIMSOLL_AGENT_SSH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is still to be read; borrows the bytes. */
struct ssh_wire {
	const uint8_t *at;
	size_t left;
};

/* false: not enough bytes; wire then stays as it is. */
bool ssh_wire_u32(struct ssh_wire *wire, uint32_t *ret);
bool ssh_wire_string(struct ssh_wire *wire, struct ssh_wire *ret);
bool ssh_wire_skip(struct ssh_wire *wire, size_t size);

bool ssh_wire_is(struct ssh_wire wire, const char *text);

#endif
