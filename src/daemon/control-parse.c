/* SPDX-License-Identifier: Apache-2.0 */
/* One line of the control socket. */
#include <errno.h>

#include "daemon/control.h"

static int has_only_known_members(const json_t *root)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)root, key, value)
		if (strcmp(key, "command") != 0 && strcmp(key, "args") != 0)
			return 0;
	return 1;
}

int ms_control_parse(struct ms_span line, json_t **ret_root, const char **ret_command,
		     json_t **ret_args)
{
	json_t *root = json_loadb((const char *)line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(root, "command"));
	json_t *args = json_object_get(root, "args");

	if (!command || !has_only_known_members(root) || (args && !json_is_object(args))) {
		json_decref(root);
		return -EINVAL;
	}
	if (!args) {
		args = json_object();
		if (!args || json_object_set_new(root, "args", args)) {
			json_decref(root);
			return -ENOMEM;
		}
	}
	*ret_root = root;
	*ret_command = command;
	*ret_args = args;
	return 0;
}

const char *ms_control_text(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

int ms_control_u64(const json_t *args, const char *name, uint64_t max, uint64_t *ret_value)
{
	const json_t *v = json_object_get(args, name);

	if (!v)
		return -ENOENT;
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -EINVAL;
	if ((uint64_t)json_integer_value(v) > max)
		return -ERANGE;
	*ret_value = (uint64_t)json_integer_value(v);
	return 0;
}
