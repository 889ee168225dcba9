/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mediasec mikey dump [--json] [FILE | TEXT]`: shows MIKEY messages. Input is octets as they are,
 * hex, base64, or SDP with a=key-mgmt lines; which one it is shows in the input itself, since each
 * message starts with octet 01, so that hex starts with "01" and base64 with "AQ".
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/base64.h"
#include "core/hex.h"
#include "ctl/commands.h"
#include "ctl/input.h"
#include "mikey/keymgmt.h"
#include "mikey/print.h"

/* An SDP body with some messages in it; a message alone is below MS_MIKEY_MESSAGE_MAX. */
#define INPUT_MAX (1024 * 1024)

struct dump {
	enum ms_mikey_print_form form;
	unsigned shown;
	int status;
};

static void show(struct dump *d, struct ms_span message)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_fault fault = { 0, NULL, 0 };
	int err;

	ms_buf_init(&text, MS_MIKEY_PRINT_MAX);
	err = ms_mikey_print(&text, message, d->form, &ms_profile_default, &fault);
	if (ms_buf_status(&text) < 0) {
		d->status = ms_ctl_fail("%s", strerror(-ms_buf_status(&text)));
		return;
	}
	if (d->shown++ > 0)
		putchar('\n');
	fwrite(text.p, 1, text.len, stdout);
	if (d->form == MS_MIKEY_PRINT_JSON)
		putchar('\n');
	if (err < 0)
		d->status = ms_ctl_fail("offset %zu: %s", fault.offset, fault.reason);
}

/* Each line that has the attribute; other lines are passed over. False if there was none. */
static bool show_lines(struct dump *d, struct ms_span input)
{
	bool found = false;

	while (input.len > 0) {
		MS_CLEANUP(ms_buf_done) struct ms_buf data;
		struct ms_span line = ms_span_trim(ms_span_cut(&input, '\n'));
		struct ms_span protocol;

		if (!ms_span_starts(line, MS_SPAN_LIT("a=key-mgmt:")))
			continue;
		found = true;
		ms_buf_init(&data, MS_MIKEY_MESSAGE_MAX);
		if (ms_mikey_keymgmt_line(line, &protocol, &data) < 0)
			d->status =
				ms_ctl_fail("not a key-mgmt attribute: %.*s", MS_SPAN_FMT(line));
		else if (!ms_span_is(protocol, "mikey"))
			d->status = ms_ctl_fail("another protocol: %.*s", MS_SPAN_FMT(protocol));
		else
			show(d, ms_buf_span(&data));
	}
	return found;
}

/* Drops blanks and line ends, and the colons some tools put between hex octets. */
static void squeeze(struct ms_buf *to, struct ms_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!memchr(" \t\r\n:", text.p[i], 5))
			ms_buf_put_u8(to, text.p[i]);
	}
}

static void show_text(struct dump *d, struct ms_span input)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf packed;
	MS_CLEANUP(ms_buf_done) struct ms_buf message;

	ms_buf_init(&packed, INPUT_MAX);
	ms_buf_init(&message, INPUT_MAX);
	squeeze(&packed, input);
	if (ms_hex_decode(&message, ms_buf_span(&packed)) < 0 &&
	    ms_base64_decode(&message, ms_buf_span(&packed), false) < 0) {
		d->status = ms_ctl_fail("neither a MIKEY message nor hex, base64 or a=key-mgmt");
		return;
	}
	show(d, ms_buf_span(&message));
}

static void show_input(struct dump *d, struct ms_span input)
{
	if (input.len > 0 && input.p[0] == MS_MIKEY_VERSION)
		show(d, input);
	else if (!show_lines(d, input))
		show_text(d, input);
}

static int dump(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	MS_CLEANUP(ms_buf_done) struct ms_buf input;
	struct dump d = { .status = MS_CTL_OK };
	int c, err;

	ms_buf_init(&input, INPUT_MAX);
	while ((c = getopt_long(argc, argv, "j", options, NULL)) != -1) {
		if (c != 'j')
			return ms_ctl_usage(&ms_cmd_mikey, "unknown option");
		d.form = MS_MIKEY_PRINT_JSON;
	}
	if (argc - optind > 1)
		return ms_ctl_usage(&ms_cmd_mikey, "\"%s\" is too much", argv[optind + 1]);
	err = ms_ctl_load(argv[optind], &input);
	if (err < 0)
		return ms_ctl_fail("%s: %s", optind < argc ? argv[optind] : "standard input",
				   strerror(-err));
	show_input(&d, ms_buf_span(&input));
	return d.status;
}

static int run(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "dump") != 0)
		return ms_ctl_usage(&ms_cmd_mikey, "what about it? `dump`");
	return dump(argc - 1, argv + 1);
}

const struct ms_ctl_command ms_cmd_mikey = {
	.name = "mikey",
	.summary = "Shows the fields of MIKEY messages.",
	.usage =
		"usage: mediasec mikey dump [--json] [FILE | TEXT]\n"
		"Input is a message as octets, hex or base64, or SDP with a=key-mgmt lines; without\n"
		"an argument, or with -, it is read from standard input. Nothing is decrypted.\n",
	.run = run,
};
