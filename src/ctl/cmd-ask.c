/* SPDX-License-Identifier: Apache-2.0 */
/* `mediasec ask SOCKET COMMAND [NAME=VALUE ...]`: any command of any daemon's control socket. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/span.h"
#include "ctl/commands.h"

/* NAME=VALUE; a value of digits only is a number, true and false are truths, all else is text. */
static int add_argument(json_t *args, const char *word)
{
	struct ms_span value = ms_span_str(word), name = ms_span_cut(&value, '=');
	char key[64];
	json_t *v;
	uint64_t number;

	if (!value.p || ms_span_to_str(name, key, sizeof(key)) || !*key)
		return ms_ctl_usage(&ms_cmd_ask, "\"%s\" is not NAME=VALUE", word);
	if (ms_span_u64(value, INT64_MAX, &number) == 0)
		v = json_integer((json_int_t)number);
	else if (ms_span_is(value, "true") || ms_span_is(value, "false"))
		v = json_boolean(ms_span_is(value, "true"));
	else
		v = json_stringn((const char *)value.p, value.len);
	if (json_object_set_new(args, key, v))
		return ms_ctl_fail("\"%s\" is not UTF-8 text", word);
	return MS_CTL_OK;
}

static int ask(int argc, char **argv, bool json)
{
	json_t *args = json_object(), *result = NULL;
	int status = MS_CTL_OK;

	for (int i = 2; i < argc && status == MS_CTL_OK; i++)
		status = add_argument(args, argv[i]);
	if (status != MS_CTL_OK) {
		json_decref(args);
		return status;
	}
	status = ms_ctl_ask(argv[0], argv[1], args, &result);
	if (status == MS_CTL_OK)
		ms_ctl_print(result, json);
	json_decref(result);
	return status;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (c != 'j')
			return ms_ctl_usage(&ms_cmd_ask, "unknown option");
		json = true;
	}
	if (argc - optind < 2)
		return ms_ctl_usage(&ms_cmd_ask, "which socket and which command?");
	return ask(argc - optind, argv + optind, json);
}

const struct ms_ctl_command ms_cmd_ask = {
	.name = "ask",
	.summary = "Sends any command to a daemon's control socket.",
	.usage = "usage: mediasec ask [--json] SOCKET COMMAND [NAME=VALUE ...]\n"
		 "`mediasec ask SOCKET help` lists what the daemon understands.\n",
	.run = run,
};
