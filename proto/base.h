/* SPDX-License-Identifier: Apache-2.0 */
/* What every source may rely on: auto-cleanup for plain structs, and the functions that nobody may
 * call. */
#ifndef PLIMSOLL_PROTO_BASE_H
#define PLIMSOLL_PROTO_BASE_H

#include <glib.h>
#include <unistd.h>

/*
 * g_autoptr() for `struct name`, which the style keeps free of typedefs. Beside each free function
 * stands PLIMSOLL_AUTOPTR(name, name_free), without a semicolon; a variable is PLIMSOLL_AUTO(name)
 * *x = NULL.
 */
#define PLIMSOLL_AUTOPTR(name, free_function)                                                      \
	static inline void plimsoll_auto_##name(struct name **p)                                   \
	{                                                                                          \
		if (*p != NULL)                                                                    \
			(free_function)(*p);                                                       \
	}
#define PLIMSOLL_AUTO(name) __attribute__((cleanup(plimsoll_auto_##name))) struct name

/* A file descriptor that is closed at the end of its scope; -1 = none. */
static inline void plimsoll_auto_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define PLIMSOLL_AUTO_FD __attribute__((cleanup(plimsoll_auto_close))) int

static inline int plimsoll_steal_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#endif
