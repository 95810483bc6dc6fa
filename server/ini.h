/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files of ours: INI with drop-ins, every error with its file and line. */
#ifndef PLIMSOLL_SERVER_INI_H
#define PLIMSOLL_SERVER_INI_H

#include <glib.h>
#include <stdbool.h>

#define CONFIG_ERROR (config_error_quark())
GQuark config_error_quark(void);

/*
 * Hands over one setting; the value has no spaces around it and may be changed in place.
 *
 * error  CONFIG_ERROR "what is wrong"; the place is put before it.
 */
typedef bool ini_take(void *data, const char *group, const char *name, char *value, GError **error);

/*
 * Reads a file, then its drop-ins (PATH.d/NAME.conf in byte order), setting by setting. Of a key
 * that one file gives twice in a group the last one is taken.
 *
 * error  G_FILE_ERROR for the file itself, or for a folder of drop-ins that cannot be read;
 *        G_KEY_FILE_ERROR "'FILE': ..."; what `take` said as "'FILE' line N: [group] name: ...".
 */
bool ini_read(const char *path, ini_take *take, void *data, GError **error);

#endif
