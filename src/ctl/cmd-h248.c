/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mediasec h248 dump [--compact | --binary] [FILE | TEXT]`: shows H.248 messages of either encoding as
 * text with long tokens, or turns one encoding into the other. Input is a message as it is, or in hex,
 * with or without TPKT in front; a text message begins with a letter, '!' or a comment.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/hex.h"
#include "ctl/commands.h"
#include "ctl/input.h"
#include "h248/binary.h"
#include "h248/package.h"
#include "h248/text.h"

#define INPUT_MAX (256 * 1024)
#define TPKT_LEN 4u /* RFC 1006 */

enum form { PRETTY, COMPACT, BINARY };

static bool is_hex(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ms_hex_digit(s.p[i]) < 0)
			return false;
	return s.len > 0 && s.len % 2 == 0;
}

/* Drops blanks, line ends and colons between octets in hex. */
static void squeeze(struct ms_buf *to, struct ms_span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!memchr(" \t\r\n:", text.p[i], 5))
			ms_buf_put_u8(to, text.p[i]);
}

static struct ms_span without_tpkt(struct ms_span s)
{
	bool tpkt = s.len > TPKT_LEN && s.p[0] == 3 && s.p[1] == 0 &&
		    (size_t)(s.p[2] << 8 | s.p[3]) == s.len;
	return ms_span_from(s, tpkt ? TPKT_LEN : 0);
}

static bool is_binary(struct ms_span s)
{
	return s.len > 0 && s.p[0] == 0x30; /* MegacoMessage is a SEQUENCE */
}

/* The tree, names and values bound to what `form` needs. The codecs give it as const, but it is ours. */
static int read_message(struct ms_span octets, struct ms_h248_registry *r, enum ms_h248_bind to,
			struct ms_h248_arena *arena, struct ms_h248_message **ret_m)
{
	struct ms_h248_refused refused = { .fault = { 0 } };
	const struct ms_h248_message *m = NULL;
	struct ms_fault fault = { 0 };
	int err = is_binary(octets) ? ms_h248_binary_decode(octets, arena, &refused, &m)
				    : ms_h248_text_decode(octets, arena, &refused, &m);
	if (err < 0)
		return ms_ctl_fail("octet %zu: error %d, %s", refused.fault.offset,
				   refused.fault.code,
				   refused.fault.reason ? refused.fault.reason : strerror(-err));
	*ret_m = (struct ms_h248_message *)(uintptr_t)m;
	err = ms_h248_bind(*ret_m, r, to, arena, &fault);
	return err < 0 ? ms_ctl_fail("error %d: %s", fault.code, fault.reason) : MS_CTL_OK;
}

static int write_message(const struct ms_h248_message *m, enum form form)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	ms_buf_init(&b, 4 * INPUT_MAX);
	int err = form == BINARY
			  ? ms_h248_binary_encode(m, &b)
			  : ms_h248_text_encode(m, form == PRETTY ? MS_H248_TEXT_PRETTY : 0, &b);
	if (err < 0)
		return ms_ctl_fail("the message has something this encoding cannot say: %s",
				   strerror(-err));
	if (form == BINARY) {
		MS_CLEANUP(ms_buf_done) struct ms_buf hex;
		ms_buf_init(&hex, 8 * INPUT_MAX);
		ms_hex_encode(&hex, ms_buf_span(&b));
		puts(ms_buf_cstr(&hex));
	} else {
		puts(ms_buf_cstr(&b));
	}
	return MS_CTL_OK;
}

static int show(struct ms_span octets, enum form form)
{
	struct ms_h248_registry registry;
	struct ms_h248_arena arena;
	struct ms_h248_message *m = NULL;
	ms_h248_registry_init(&registry);
	ms_h248_arena_init(&arena, 0);
	int status =
		read_message(octets, &registry,
			     form == BINARY ? MS_H248_BIND_BER : MS_H248_BIND_TEXT, &arena, &m);
	if (status == MS_CTL_OK)
		status = write_message(m, form);
	ms_h248_arena_done(&arena);
	return status;
}

static int show_input(struct ms_span input, enum form form)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf packed;
	MS_CLEANUP(ms_buf_done) struct ms_buf octets;
	ms_buf_init(&packed, INPUT_MAX);
	ms_buf_init(&octets, INPUT_MAX);
	squeeze(&packed, input);
	if (is_hex(ms_buf_span(&packed)) && ms_hex_decode(&octets, ms_buf_span(&packed)) == 0)
		input = ms_buf_span(&octets);
	return show(without_tpkt(input), form);
}

static int dump(int argc, char **argv)
{
	static const struct option options[] = { { "compact", no_argument, NULL, 'c' },
						 { "binary", no_argument, NULL, 'b' },
						 { 0 } };
	MS_CLEANUP(ms_buf_done) struct ms_buf input;
	enum form form = PRETTY;
	int c;
	ms_buf_init(&input, INPUT_MAX);
	while ((c = getopt_long(argc, argv, "cb", options, NULL)) != -1) {
		if (c != 'c' && c != 'b')
			return ms_ctl_usage(&ms_cmd_h248, "unknown option");
		form = c == 'c' ? COMPACT : BINARY;
	}
	if (argc - optind > 1)
		return ms_ctl_usage(&ms_cmd_h248, "\"%s\" is too much", argv[optind + 1]);
	int err = ms_ctl_load(argv[optind], &input);
	if (err < 0)
		return ms_ctl_fail("%s: %s", optind < argc ? argv[optind] : "standard input",
				   strerror(-err));
	return show_input(ms_buf_span(&input), form);
}

static int run(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "dump") != 0)
		return ms_ctl_usage(&ms_cmd_h248, "what about it? `dump`");
	return dump(argc - 1, argv + 1);
}

const struct ms_ctl_command ms_cmd_h248 = {
	.name = "h248",
	.summary = "Shows H.248 messages, and turns text into binary and back.",
	.usage =
		"usage: mediasec h248 dump [--compact | --binary] [FILE | TEXT]\n"
		"Input is a message in text or binary (BER), or either in hex, also with TPKT in front;\n"
		"without an argument, or with -, it is read from standard input. Shown is the text with long\n"
		"tokens, with --compact the one with short tokens, with --binary the encoding in hex.\n",
	.run = run,
};
