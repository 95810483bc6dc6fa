/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_wire.h. */
#include "agent/ssh/ssh_wire.h"

#include <string.h>

bool ssh_wire_skip(struct ssh_wire *wire, size_t size)
{
	if (size > wire->left)
		return false;
	wire->at += size;
	wire->left -= size;
	return true;
}

bool ssh_wire_u32(struct ssh_wire *wire, uint32_t *ret)
{
	const uint8_t *at = wire->at;

	if (!ssh_wire_skip(wire, 4))
		return false;
	*ret = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	return true;
}

bool ssh_wire_string(struct ssh_wire *wire, struct ssh_wire *ret)
{
	struct ssh_wire rest = *wire;
	uint32_t size = 0;

	if (!ssh_wire_u32(&rest, &size) || size > rest.left)
		return false;
	*ret = (struct ssh_wire){rest.at, size};
	*wire = (struct ssh_wire){rest.at + size, rest.left - size};
	return true;
}

bool ssh_wire_is(struct ssh_wire wire, const char *text)
{
	return wire.left == strlen(text) && memcmp(wire.at, text, wire.left) == 0;
}
