/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the configuration ready: identities, paths, key files. See config.h. */
#include "ue/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/buf.h"
#include "core/hex.h"
#include "crypto/cert.h"
#include "crypto/hmac.h"
#include "crypto/pem.h"
#include "loop/loop.h"

#define SECRET_FILE_MAX 4096
#define PEM_FILE_MAX 65536
#define PATH_TEXT_MAX 8192
#define PSK_MIN 16 /* octets: RFC 6043 section 12.1, keys of at least 128 bits */

struct loader {
	const char *path; /* of the configuration */
	struct ms_ue_settings *s;
	struct ms_config_error *error;
};

/* A path of the file, relative to the file. NULL for "" and without memory. */
static char *path_of(const char *base, const char *path)
{
	const char *slash = strrchr(base, '/');
	MS_CLEANUP(ms_buf_done) struct ms_buf joined;

	ms_buf_init(&joined, PATH_TEXT_MAX);
	if (!*path)
		return NULL;
	if (path[0] != '/' && slash)
		ms_buf_put(&joined, base, (size_t)(slash - base) + 1);
	ms_buf_put_str(&joined, path);
	return ms_buf_status(&joined) ? NULL : ms_strdup_span(ms_buf_span(&joined));
}

static int complain_file(const struct loader *l, const char *key, const char *path,
			 const char *what)
{
	return ms_config_complain(l->s->file, key, l->error, "%s: %s", path, what);
}

/* Nobody but its owner may read a file with a secret in it. */
static int open_file(const struct loader *l, const char *key, const char *path, bool secret,
		     int *ret_fd)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return complain_file(l, key, path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return complain_file(l, key, path, "not a regular file");
	}
	if (secret && (st.st_mode & 077)) {
		close(fd);
		return complain_file(l, key, path,
				     "others may read it; it holds a secret: chmod 600");
	}
	*ret_fd = fd;
	return 0;
}

/* The first line, without blanks around it, into a secret buffer. */
static int read_secret(const struct loader *l, const char *key, const char *name,
		       struct ms_buf *out)
{
	MS_CLEANUP(ms_freep) char *path = path_of(l->path, name);
	uint8_t text[SECRET_FILE_MAX];
	struct ms_span rest, line;
	ssize_t n;
	int fd, err;

	if (!path)
		return -ENOMEM;
	err = open_file(l, key, path, true, &fd);
	if (err)
		return err;
	n = read(fd, text, sizeof(text));
	close(fd);
	rest = ms_span_trim(ms_span_of(text, n > 0 ? (size_t)n : 0));
	line = ms_span_trim(ms_span_cut(&rest, '\n'));
	ms_buf_put_span(out, line);
	ms_wipe(text, sizeof(text));
	if (n < 0 || out->len == 0)
		return complain_file(l, key, path, n < 0 ? "cannot be read" : "is empty");
	if (rest.len > 0)
		return complain_file(l, key, path, "has more than one line");
	return ms_buf_status(out);
}

static int load_psk(const struct loader *l)
{
	const char *name = l->s->config->kms.psk_file;
	MS_CLEANUP(ms_buf_done) struct ms_buf text, key;
	int err;

	ms_buf_init_secret(&text, SECRET_FILE_MAX);
	ms_buf_init_secret(&key, MS_SECRET_MAX);
	err = read_secret(l, "kms.psk_file", name, &text);
	if (err)
		return err;
	if (ms_hex_decode(&key, ms_buf_span(&text)) || key.len < PSK_MIN)
		return complain_file(l, "kms.psk_file", name, "not 16 to 64 octets as hex digits");
	return ms_secret_set(&l->s->psk, ms_buf_span(&key));
}

static int read_der(const struct loader *l, const char *key, const char *name, bool secret,
		    struct ms_buf *der)
{
	MS_CLEANUP(ms_freep) char *path = path_of(l->path, name);
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	uint8_t *p;
	ssize_t n;
	int fd, err;

	ms_buf_init_secret(&text, PEM_FILE_MAX);
	p = ms_buf_extend(&text, PEM_FILE_MAX);
	if (!path || !p)
		return -ENOMEM;
	err = open_file(l, key, path, secret, &fd);
	if (err)
		return err;
	n = read(fd, p, PEM_FILE_MAX);
	close(fd);
	if (n <= 0 || ms_pem_decode(ms_span_of(p, (size_t)n), der))
		return complain_file(l, key, path, n < 0 ? strerror(errno) : "not PEM");
	return 0;
}

/* A secret for the ticket file, where there is none that the key management server knows. */
static void make_file_secret(struct ms_ue_settings *s, struct ms_span private_key)
{
	struct ms_span label = MS_SPAN_LIT("mediasec-ue files of a private key");
	struct ms_hmac_key k;

	s->psk.len = ms_hash_len(MS_HASH_SHA256);
	ms_hmac_key_set(&k, MS_HASH_SHA256, private_key);
	ms_hmac(&k, &label, 1, s->psk.b);
	ms_hmac_key_wipe(&k);
}

/* RFC 6043 section 4.2.1.3: what is encrypted to whom has to be believed, and the server says no more. */
static int check_cert(const struct loader *l, const char *key, const char *name, struct ms_span der,
		      bool encrypts)
{
	MS_CLEANUP(ms_cert_freep) struct ms_cert *cert = NULL;

	if (ms_cert_new(der, &cert))
		return complain_file(l, key, name, "not an RSA certificate");
	if (!ms_cert_valid_at(cert, ms_clock_wall()))
		return complain_file(l, key, name,
				     "expired, or not valid yet: is the clock right?");
	if (encrypts ? !ms_cert_may_encrypt(cert) : !ms_cert_may_sign(cert))
		return complain_file(l, key, name,
				     encrypts ? "may not be used to encrypt keys"
					      : "may not be used to sign");
	return 0;
}

static int load_credential(const struct loader *l)
{
	const struct ms_ue_config *c = l->s->config;
	MS_CLEANUP(ms_buf_done) struct ms_buf key, own, server;
	struct ms_span chain;
	int err;

	ms_buf_init_secret(&key, PEM_FILE_MAX);
	ms_buf_init(&own, PEM_FILE_MAX);
	ms_buf_init(&server, PEM_FILE_MAX);
	err = read_der(l, "kms.private_key", c->kms.private_key, true, &key);
	if (!err)
		err = read_der(l, "kms.certificate", c->kms.certificate, false, &own);
	if (!err)
		err = read_der(l, "kms.server_certificate", c->kms.server_certificate, false,
			       &server);
	if (!err)
		err = check_cert(l, "kms.certificate", c->kms.certificate, ms_buf_span(&own),
				 false);
	if (!err)
		err = check_cert(l, "kms.server_certificate", c->kms.server_certificate,
				 ms_buf_span(&server), true);
	if (err)
		return err;
	chain = ms_buf_span(&own);
	err = ms_mikey_credential_new(ms_buf_span(&key), &chain, 1, ms_buf_span(&server),
				      &l->s->credential);
	if (err)
		return complain_file(l, "kms.certificate", c->kms.certificate,
				     "not that of kms.private_key");
	make_file_secret(l->s, ms_buf_span(&key));
	return 0;
}

static int load_kms_key(const struct loader *l)
{
	const struct ms_ue_config *c = l->s->config;
	bool any = *c->kms.certificate || *c->kms.private_key || *c->kms.server_certificate;
	bool all = *c->kms.certificate && *c->kms.private_key && *c->kms.server_certificate;

	if (!*c->kms.url)
		return 0;
	if (any && *c->kms.psk_file)
		return ms_config_complain(l->s->file, "kms.certificate", l->error,
					  "either this or kms.psk_file");
	if (any && !all)
		return ms_config_complain(l->s->file, "kms.certificate", l->error,
					  "certificate, private_key and server_certificate come "
					  "together");
	if (!any && !*c->kms.psk_file)
		return ms_config_complain(l->s->file, "kms.psk_file", l->error,
					  "missing; or give kms.certificate");
	return any ? load_credential(l) : load_psk(l);
}

static int load_password(const struct loader *l)
{
	const char *name = l->s->config->sip.password_file;
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	int err;

	ms_buf_init_secret(&text, SECRET_FILE_MAX);
	if (!*name)
		return 0;
	err = read_secret(l, "sip.password_file", name, &text);
	if (err)
		return err;
	l->s->password = ms_strdup_span(ms_buf_span(&text));
	return l->s->password ? 0 : -ENOMEM;
}

static int load_contact(const struct loader *l, size_t i, const struct ms_ue_config_contact *c)
{
	struct ms_ue_contact *to = &l->s->contacts.v[i];
	char key[48];
	struct ms_buf b;

	to->name = ms_strdup(c->name);
	l->s->contacts.n = i + 1;
	if (!to->name)
		return -ENOMEM;
	if (!ms_keys_identity_parse(ms_span_str(c->uri), &to->uri))
		return 0;
	ms_buf_init_fixed(&b, key, sizeof(key));
	ms_buf_printf(&b, "contacts[%zu].uri", i);
	return ms_config_complain(l->s->file, ms_buf_cstr(&b), l->error,
				  "not a SIP or tel URI with a user");
}

static int load_contacts(const struct loader *l)
{
	const struct ms_config_list *list = &l->s->config->contacts;
	const struct ms_ue_config_contact *c = list->items;

	l->s->contacts.v = ms_calloc(list->n ? list->n : 1, sizeof(*l->s->contacts.v));
	if (!l->s->contacts.v)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++) {
		int err = load_contact(l, i, &c[i]);

		if (err)
			return err;
	}
	return 0;
}

static int load_identities(const struct loader *l)
{
	struct ms_ue_settings *s = l->s;

	if (ms_keys_identity_parse(ms_span_str(s->config->identity), &s->identity) ||
	    !ms_span_starts(ms_keys_identity_span(&s->identity), MS_SPAN_LIT("sip:")))
		return ms_config_complain(s->file, "identity", l->error,
					  "not a SIP URI with a user");
	if (*s->config->kms.identity &&
	    ms_keys_identity_parse(ms_span_str(s->config->kms.identity), &s->kms))
		return ms_config_complain(s->file, "kms.identity", l->error,
					  "not a SIP URI with a user");
	return 0;
}

static int check_kms(const struct loader *l)
{
	const struct ms_ue_config *c = l->s->config;
	const char *url = c->kms.url;

	if (*url && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return ms_config_complain(l->s->file, "kms.url", l->error,
					  "must begin with http:// or https://");
	if (!*url && (*c->kms.psk_file || *c->kms.certificate || c->media.outgoing == MS_UE_E2E))
		return ms_config_complain(
			l->s->file, "kms.url", l->error,
			"missing; without it media.outgoing has to be e2ae or plain");
	if (!*url && *c->tickets.file)
		return ms_config_complain(l->s->file, "tickets.file", l->error,
					  "there are no tickets without kms.url");
	return 0;
}

static int check(const struct loader *l)
{
	const struct ms_ue_config *c = l->s->config;
	int err = check_kms(l);

	if (err)
		return err;
	if (c->media.outgoing == MS_UE_E2AE && c->media.e2ae == MS_UE_E2AE_OFF)
		return ms_config_complain(l->s->file, "media.outgoing", l->error,
					  "e2ae, while media.e2ae is off");
	if (c->media.outgoing == MS_UE_PLAIN && !c->policy.plain_media)
		return ms_config_complain(l->s->file, "media.outgoing", l->error,
					  "plain, while policy.plain_media is false");
	if (c->media.port_max < c->media.port_min)
		return ms_config_complain(l->s->file, "media.port_max", l->error,
					  "less than media.port_min");
	if (c->sip.transport == 2 && (!*c->sip.ca_file || !*c->sip.server_name))
		return ms_config_complain(l->s->file, "sip.transport", l->error,
					  "tls needs sip.ca_file and sip.server_name");
	if (!*c->sip.address && !*c->sip.proxy)
		return ms_config_complain(l->s->file, "sip.address", l->error,
					  "is needed where there is no sip.proxy");
	return 0;
}

static int load_paths(const struct loader *l)
{
	const struct ms_ue_config *c = l->s->config;
	struct ms_ue_settings *s = l->s;
	const struct {
		const char *from;
		char **to;
	} paths[] = {
		{ c->tickets.file, &s->ticket_file },  { c->message.proof_file, &s->proof_file },
		{ c->files.directory, &s->directory }, { c->sip.ca_file, &s->sip_ca },
		{ c->kms.ca_file, &s->kms_ca },        { c->lab.key_log, &s->key_log },
		{ c->lab.trace, &s->trace },           { c->media.certificate, &s->certificate },
	};

	for (size_t i = 0; i < MS_ARRAY_SIZE(paths); i++) {
		*paths[i].to = path_of(l->path, paths[i].from);
		if (*paths[i].from && !*paths[i].to)
			return -ENOMEM;
	}
	return 0;
}

static void load_policy(struct ms_ue_settings *s)
{
	const struct ms_ue_config *c = s->config;

	s->policy = (struct ms_ue_policy){
		.peer = (enum ms_ue_peer_policy)c->policy.peer,
		.plain_message = c->policy.plain_message,
		.unverified_message = c->policy.unverified_message,
		.plain_media = c->policy.plain_media,
		.diversion = c->policy.diversion,
		.chat = (enum ms_ue_answer)c->policy.chat,
		.file = (enum ms_ue_answer)c->policy.file,
	};
}

static int load(const struct loader *l)
{
	int err = load_identities(l);

	if (!err)
		err = check(l);
	if (!err)
		err = load_contacts(l);
	if (!err)
		err = load_paths(l);
	if (!err)
		err = load_kms_key(l);
	if (!err)
		err = load_password(l);
	load_policy(l->s);
	l->s->retries = (unsigned)l->s->config->files.retries;
	return err;
}

int ms_ue_settings_load(const char *path, struct ms_ue_settings **ret_s,
			struct ms_config_error *ret_error)
{
	struct ms_ue_settings *s = ms_zalloc(sizeof(*s));
	struct loader l = { path, s, ret_error };
	int err;

	ret_error->text[0] = '\0';
	if (!s)
		return -ENOMEM;
	err = ms_config_load(path, ms_ue_config_fields, sizeof(struct ms_ue_config), &s->file,
			     ret_error);
	if (!err) {
		s->config = ms_config_values(s->file);
		err = load(&l);
	}
	if (err) {
		ms_ue_settings_free(s);
		return err;
	}
	*ret_s = s;
	return 0;
}

struct ms_ue_settings *ms_ue_settings_free(struct ms_ue_settings *s)
{
	if (!s)
		return NULL;
	ms_secret_wipe(&s->psk);
	ms_mikey_credential_free(s->credential);
	if (s->password)
		ms_wipe(s->password, strlen(s->password));
	ms_free(s->password);
	ms_free(s->ticket_file);
	ms_free(s->proof_file);
	ms_free(s->directory);
	ms_free(s->sip_ca);
	ms_free(s->kms_ca);
	ms_free(s->key_log);
	ms_free(s->trace);
	ms_free(s->certificate);
	ms_ue_contacts_done(&s->contacts);
	ms_config_free(s->file);
	return ms_free(s);
}
