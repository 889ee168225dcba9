/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mediasec kms ...`: the operator's side of the key management server, over the vault's own control
 * socket. Keys come from a file or are generated into one; they are never on the command line, and
 * never in the output.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "core/random.h"
#include "core/secret.h"
#include "ctl/commands.h"
#include "ctl/kms-members.h"
#include "ctl/kms-ticket.h"

#define DEFAULT_SOCKET "/run/mediasec/kms-vault.sock"
#define KEY_OCTETS 32
#define FILE_MAX 65536
#define POSITIONALS_MAX 2

struct options {
	const char *socket;
	json_t *args;       /* owned */
	json_t *identities; /* owned */
	const char *key_file, *generate;
	bool json;
};

/** What stands after `kms`, and what is asked for it. A name that ends with '?' may be left out. */
struct sub {
	const char *words;
	const char *command;
	const char *positional[POSITIONALS_MAX];
	int (*prepare)(struct options *o); /* MS_CTL_OK or a status */
};

static int take_key(struct options *o);
static int take_new_user(struct options *o);
static int take_certificate(struct options *o);
static int take_number_id(struct options *o);

static const struct sub subs[] = {
	{ "user key add", "key.add", { "name" }, take_key },
	{ "user key remove", "key.remove", { "key_id" }, NULL },
	{ "user identity add", "identity.add", { "name", "identity" }, NULL },
	{ "user identity remove", "identity.remove", { "name", "identity" }, NULL },
	{ "user cert add", "cert.add", { "name", "certificate" }, take_certificate },
	{ "user cert remove", "cert.remove", { "fingerprint" }, NULL },
	{ "user add", "user.add", { "name" }, take_new_user },
	{ "user list", "user.list", { "prefix?" }, NULL },
	{ "user show", "user.show", { "name" }, NULL },
	{ "user remove", "user.remove", { "name" }, NULL },
	{ "user disable", "user.disable", { "name" }, NULL },
	{ "user enable", "user.enable", { "name" }, NULL },
	{ "psi add", "psi.add", { "psi", "name" }, NULL },
	{ "psi list", "psi.list", { NULL }, NULL },
	{ "psi remove", "psi.remove", { "psi", "name?" }, NULL },
	{ "policy add", "policy.add", { "who", "responder" }, NULL },
	{ "policy list", "policy.list", { NULL }, NULL },
	{ "policy remove", "policy.remove", { "id" }, take_number_id },
	{ "key rotate", "tpk.rotate", { NULL }, NULL },
	{ "key list", "tpk.list", { NULL }, NULL },
	{ "revoke user", "revoke.user", { "name" }, NULL },
	{ "revoke ticket", "revoke.ticket", { "ticket" }, NULL },
	{ "status", "status", { NULL }, NULL },
	{ "counters", "counters", { NULL }, NULL },
};

/* ---- keys ---- */

static int read_file(const char *path, bool secret, uint8_t *octets, size_t size, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return ms_ctl_fail("%s: %s", path, strerror(errno));
	if (secret && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077)) {
		close(fd);
		return ms_ctl_fail("%s: others may read it; set its mode to 0600", path);
	}
	n = read(fd, octets, size);
	close(fd);
	if (n < 0 || (size_t)n == size)
		return ms_ctl_fail("%s: %s", path, n < 0 ? strerror(errno) : "too long");
	*ret_n = (size_t)n;
	return MS_CTL_OK;
}

static bool all_hex(struct ms_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (ms_hex_digit(s.p[i]) < 0)
			return false;
	return s.len > 0 && s.len % 2 == 0;
}

/* The file has the key's hex digits, or its octets. */
static int set_key(struct options *o, struct ms_span file)
{
	char hex_text[2 * MS_SECRET_MAX + 1];
	struct ms_span text = ms_span_trim(file);
	struct ms_buf hex;
	int err;

	ms_buf_init_fixed(&hex, hex_text, sizeof(hex_text));
	if (all_hex(text) && text.len >= 32)
		ms_buf_put_span(&hex, text);
	else
		ms_hex_encode(&hex, file);
	if (ms_buf_status(&hex))
		return ms_ctl_fail("a key has at most %d octets", MS_SECRET_MAX);
	err = json_object_set_new(o->args, "key", json_string(ms_buf_cstr(&hex)));
	ms_wipe(hex_text, sizeof(hex_text));
	return err ? ms_ctl_fail("out of memory") : MS_CTL_OK;
}

static int generate(struct options *o)
{
	uint8_t key[KEY_OCTETS];
	char text[2 * KEY_OCTETS + 2];
	struct ms_buf b;
	int fd, status;

	if (ms_random_fill(&ms_random_system, key, sizeof(key)))
		return ms_ctl_fail("no random octets: %s", strerror(errno));
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_hex_encode(&b, ms_span_of(key, sizeof(key)));
	ms_buf_put_u8(&b, '\n');
	fd = open(o->generate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		status = ms_ctl_fail("%s: %s", o->generate, strerror(errno));
	else if (write(fd, b.p, b.len) != (ssize_t)b.len || fsync(fd) < 0)
		status = ms_ctl_fail("%s: %s", o->generate, strerror(errno));
	else
		status = set_key(o, ms_buf_span(&b));
	if (fd >= 0)
		close(fd);
	ms_wipe(key, sizeof(key));
	ms_wipe(text, sizeof(text));
	return status;
}

static int take_key(struct options *o)
{
	uint8_t octets[4 * MS_SECRET_MAX];
	size_t n;
	int status;

	if (!o->key_file == !o->generate)
		return ms_ctl_fail("give the key by --key-file FILE or have it made by "
				   "--generate FILE");
	if (!json_object_get(o->args, "key_id"))
		return ms_ctl_fail("--key-id ID is missing");
	if (o->generate)
		return generate(o);
	status = read_file(o->key_file, true, octets, sizeof(octets), &n);
	if (status == MS_CTL_OK)
		status = set_key(o, ms_span_of(octets, n));
	ms_wipe(octets, sizeof(octets));
	return status;
}

static int take_new_user(struct options *o)
{
	if (json_array_size(o->identities) > 0 &&
	    json_object_set(o->args, "identities", o->identities))
		return ms_ctl_fail("out of memory");
	return o->key_file || o->generate || json_object_get(o->args, "key_id") ? take_key(o)
										: MS_CTL_OK;
}

static int take_certificate(struct options *o)
{
	static uint8_t pem[FILE_MAX];
	const char *path = json_string_value(json_object_get(o->args, "certificate"));
	size_t n;
	int status = read_file(path, false, pem, sizeof(pem), &n);

	if (status != MS_CTL_OK)
		return status;
	if (json_object_set_new(o->args, "certificate", json_stringn((char *)pem, n)))
		return ms_ctl_fail("%s is not in PEM form", path);
	return MS_CTL_OK;
}

/* ---- words and options ---- */

static int set_number(json_t *args, const char *name, const char *text)
{
	uint64_t v;

	if (ms_span_u64(ms_span_str(text), UINT32_MAX, &v))
		return ms_ctl_fail("%s is no number", text);
	return json_object_set_new(args, name, json_integer((json_int_t)v))
		       ? ms_ctl_fail("out of memory")
		       : MS_CTL_OK;
}

static int set_text(json_t *args, const char *name, const char *text)
{
	return json_object_set_new(args, name, json_string(text))
		       ? ms_ctl_fail("\"%s\" is not UTF-8 text", text)
		       : MS_CTL_OK;
}

static int take_number_id(struct options *o)
{
	return set_number(o->args, "id", json_string_value(json_object_get(o->args, "id")));
}

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "identity", required_argument, NULL, 'i' },
	{ "key-id", required_argument, NULL, 'K' },
	{ "key-file", required_argument, NULL, 'f' },
	{ "generate", required_argument, NULL, 'g' },
	{ "gba", no_argument, NULL, 'G' },
	{ "lifetime", required_argument, NULL, 'l' },
	{ "deny", no_argument, NULL, 'd' },
	{ "id", required_argument, NULL, 'n' },
	{ "max-keys", required_argument, NULL, 'k' },
	{ "max-responders", required_argument, NULL, 'r' },
	{ "before", required_argument, NULL, 'b' },
	{ 0 },
};

static int take_option(struct options *o, int c)
{
	switch (c) {
	case 's':
		o->socket = optarg;
		return MS_CTL_OK;
	case 'j':
		o->json = true;
		return MS_CTL_OK;
	case 'i':
		return json_array_append_new(o->identities, json_string(optarg))
			       ? ms_ctl_fail("\"%s\" is not UTF-8 text", optarg)
			       : MS_CTL_OK;
	case 'K':
		return set_text(o->args, "key_id", optarg);
	case 'f':
		o->key_file = optarg;
		return MS_CTL_OK;
	case 'g':
		o->generate = optarg;
		return MS_CTL_OK;
	case 'G':
		return set_text(o->args, "kind", "gba");
	case 'l':
		return set_number(o->args, "lifetime_s", optarg);
	case 'd':
		return set_text(o->args, "action", "deny");
	case 'n':
		return set_number(o->args, "id", optarg);
	case 'k':
		return set_number(o->args, "max_keys", optarg);
	case 'r':
		return set_number(o->args, "max_responders", optarg);
	case 'b':
		return set_number(o->args, "before_s", optarg);
	default:
		return ms_ctl_usage(&ms_cmd_kms, "unknown option");
	}
}

/* How many of the words stand at the beginning of argv: 0 if they are others. */
static int match(const char *words, int argc, char **argv)
{
	struct ms_span rest = ms_span_str(words);
	int n = 0;

	while (rest.len > 0) {
		struct ms_span word = ms_span_cut(&rest, ' ');

		if (n >= argc || !ms_span_is(word, argv[n]))
			return 0;
		n++;
	}
	return n;
}

static const struct sub *find_sub(int *argc, char ***argv)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(subs); i++) {
		int n = match(subs[i].words, *argc, *argv);

		if (n > 0) {
			*argc -= n;
			*argv += n;
			return &subs[i];
		}
	}
	return NULL;
}

static int take_positionals(struct options *o, const struct sub *s, int argc, char **argv)
{
	int n = 0;

	for (; n < POSITIONALS_MAX && s->positional[n]; n++) {
		struct ms_span name = ms_span_str(s->positional[n]);
		bool optional = name.p[name.len - 1] == '?';
		char key[32];

		if (n >= argc)
			return optional ? MS_CTL_OK
					: ms_ctl_usage(&ms_cmd_kms, "%s: %s is missing", s->words,
						       s->positional[n]);
		if (ms_span_to_str(ms_span_sub(name, 0, name.len - (optional ? 1 : 0)), key,
				   sizeof(key)) ||
		    set_text(o->args, key, argv[n]) != MS_CTL_OK)
			return MS_CTL_FAILED;
	}
	if (argc > n)
		return ms_ctl_usage(&ms_cmd_kms, "\"%s\" is too much", argv[n]);
	return MS_CTL_OK;
}

static int ask(struct options *o, const struct sub *s)
{
	json_t *result = NULL;
	int status = ms_ctl_ask(o->socket, s->command, json_incref(o->args), &result);

	if (status == MS_CTL_OK)
		ms_ctl_print(result, o->json);
	else if (o->generate)
		/* A key that the server did not take must not lie around as if it had. */
		unlink(o->generate);
	json_decref(result);
	return status;
}

static int run_sub(struct options *o, int argc, char **argv)
{
	const struct sub *s;
	int status;

	if (argc == 3 && strcmp(argv[0], "ticket") == 0 && strcmp(argv[1], "show") == 0)
		return ms_ctl_ticket_show(argv[2], o->json);
	if ((argc == 3 || argc == 4) && match("psi members", argc, argv))
		return ms_ctl_psi_members(o->socket, argv[2], argv[3], o->json);
	s = find_sub(&argc, &argv);
	if (!s)
		return ms_ctl_usage(&ms_cmd_kms, "what shall be done?");
	status = take_positionals(o, s, argc, argv);
	if (status == MS_CTL_OK && s->prepare)
		status = s->prepare(o);
	return status == MS_CTL_OK ? ask(o, s) : status;
}

static int run(int argc, char **argv)
{
	struct options o = { .socket = getenv("MEDIASEC_KMS_SOCKET"),
			     .args = json_object(),
			     .identities = json_array() };
	int c, status = MS_CTL_OK;

	if (!o.socket)
		o.socket = DEFAULT_SOCKET;
	while (status == MS_CTL_OK &&
	       (c = getopt_long(argc, argv, "s:j", long_options, NULL)) != -1)
		status = take_option(&o, c);
	if (status == MS_CTL_OK)
		status = run_sub(&o, argc - optind, argv + optind);
	json_decref(o.args);
	json_decref(o.identities);
	return status;
}

const struct ms_ctl_command ms_cmd_kms = {
	.name = "kms",
	.summary = "Users, keys, policy and tickets of the key management server.",
	.usage =
		"usage: mediasec kms [-s SOCKET] [--json] ...\n"
		"  user add NAME [--identity URI]... [--key-id ID (--key-file FILE | --generate FILE)\n"
		"           [--gba --lifetime SECONDS]]\n"
		"  user list [PREFIX] | show NAME | remove NAME | disable NAME | enable NAME\n"
		"  user identity add|remove NAME URI\n"
		"  user key add NAME --key-id ID (--key-file FILE | --generate FILE)\n"
		"           [--gba --lifetime SECONDS] | remove ID\n"
		"  user cert add NAME FILE | remove FINGERPRINT\n"
		"  psi add URI NAME | list | remove URI [NAME] | members URI [FILE|-]\n"
		"  policy add WHO RESPONDER [--deny] [--id N] [--lifetime SECONDS] [--max-keys N]\n"
		"           [--max-responders N] | list | remove ID\n"
		"  key rotate | list                    ticket protection keys\n"
		"  revoke user NAME [--before SECONDS] | revoke ticket ID\n"
		"  ticket show FILE|-                   decodes a ticket's policy (no server needed)\n"
		"  status | counters\n"
		"SOCKET is the server's vault.control; default: $MEDIASEC_KMS_SOCKET, else\n" DEFAULT_SOCKET
		".\n",
	.run = run,
};
