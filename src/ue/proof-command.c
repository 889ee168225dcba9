/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-ue proof list | export NUMBER FILE | verify FILE [NUMBER]. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "loop/loop.h"
#include "ue/program.h"
#include "ue/proof.h"

/** Proofs that are kept in the file `from`: which one, and what to do with it. One command a process. */
static struct {
	enum { LIST, EXPORT, VERIFY } act;
	const char *from, *to;
	uint64_t number;
} ask;

static struct ms_timer no_answer;

static int number(const char *text)
{
	return ms_span_u64(ms_span_str(text), UINT32_MAX, &ask.number) || ask.number == 0 ? -EINVAL
											  : 0;
}

int ms_ue_proof_prepare(struct ms_ue_program *p, int argc, char **argv)
{
	const char *act = argc > 1 ? argv[1] : "";

	ask.from = p->settings->proof_file;
	ask.number = 1;
	if (strcmp(act, "list") == 0 && argc == 2) {
		ask.act = LIST;
	} else if (strcmp(act, "export") == 0 && argc == 4) {
		ask.act = EXPORT;
		ask.to = argv[3];
		return number(argv[2]);
	} else if (strcmp(act, "verify") == 0 && (argc == 3 || argc == 4)) {
		ask.act = VERIFY;
		ask.from = argv[2];
		return argc == 4 ? number(argv[3]) : 0;
	} else {
		return -EINVAL;
	}
	return 0;
}

static int trouble(const char *path, int err)
{
	ms_ue_complain("%s: %s", path,
		       err == -EBADMSG ? "a proof in it is damaged"
		       : err == -EFBIG ? "too large"
				       : strerror(-err));
	return err;
}

static int load(const struct ms_ue_program *p, struct ms_buf *text)
{
	int err;

	if (!ask.from) {
		ms_ue_complain("no proofs are kept: message.proof_file is not set");
		return -ENOENT;
	}
	err = ms_ue_proof_load(ask.from, p->settings->config->message.proof_max, text);
	return err ? trouble(ask.from, err) : 0;
}

/* Proof number ask.number: itself, in `text`, and its object. */
static int pick(const struct ms_ue_program *p, struct ms_buf *text, struct ms_span *ret_proof,
		struct ms_buf *object)
{
	int err = load(p, text);
	struct ms_span rest = ms_buf_span(text), note;

	for (uint64_t i = 0; !err && i < ask.number; i++) {
		ms_buf_reset(object);
		err = ms_ue_proof_next(&rest, &note, ret_proof, object);
		if (err == -ENOENT)
			ms_ue_complain("%s: there is no proof number %llu", ask.from,
				       (unsigned long long)ask.number);
		else if (err)
			trouble(ask.from, err);
	}
	return err;
}

static int list(const struct ms_ue_program *p)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text, object;
	struct ms_span rest, note, proof;
	int err;

	ms_buf_init(&text, p->settings->config->message.proof_max + 1);
	ms_buf_init(&object, MS_UE_PROOF_TEXT_MAX);
	err = load(p, &text);
	if (err)
		return err;
	rest = ms_buf_span(&text);
	for (unsigned i = 1; !(err = ms_ue_proof_next(&rest, &note, &proof, &object)); i++) {
		(void)ms_span_cut(&note, '\n'); /* the title */
		printf("%u\n%.*s", i, (int)note.len, (const char *)note.p);
		ms_buf_reset(&object);
	}
	return err == -ENOENT ? 0 : trouble(ask.from, err);
}

static int write_new(const char *path, struct ms_span s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, s.p, s.len) != (ssize_t)s.len || fsync(fd))
		err = errno ? -errno : -EIO;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int export_one(const struct ms_ue_program *p)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text, object;
	struct ms_span proof;
	int err;

	ms_buf_init(&text, p->settings->config->message.proof_max + 1);
	ms_buf_init(&object, MS_UE_PROOF_TEXT_MAX);
	err = pick(p, &text, &proof, &object);
	if (err)
		return err;
	err = write_new(ask.to, proof);
	return err ? trouble(ask.to, err) : 0;
}

static void timed_out(void *arg)
{
	ms_ue_quit(arg, MS_UE_EXIT_TIMEOUT);
}

static int verify(struct ms_ue_program *p)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text, object;
	struct ms_span proof;
	int err;

	ms_buf_init(&text, p->settings->config->message.proof_max + 1);
	ms_buf_init(&object, MS_UE_PROOF_TEXT_MAX);
	err = pick(p, &text, &proof, &object);
	if (err)
		return err;
	ms_timer_init(&no_answer, "ue.proof", timed_out, p);
	ms_timer_start(&no_answer, 2 * p->settings->config->kms.timeout);
	err = ms_ue_proof_check(p->ue, ms_buf_span(&object));
	return err ? trouble(ask.from, err) : 0;
}

int ms_ue_proof_start(struct ms_ue_program *p)
{
	int err;

	if (ask.act == VERIFY)
		return verify(p);
	err = ask.act == LIST ? list(p) : export_one(p);
	ms_ue_quit(p, err ? MS_UE_EXIT_FILE : MS_UE_EXIT_OK);
	return 0;
}

void ms_ue_proof_event(struct ms_ue_program *p, const struct ms_ue_event *e)
{
	if (e->type != MS_UE_EVENT_PROOF)
		return;
	if (strcmp(e->proof, "proved") == 0)
		ms_ue_quit(p, MS_UE_EXIT_OK);
	else
		ms_ue_quit(p, e->reason ? ms_ue_exit_of(e) : MS_UE_EXIT_SECURITY);
}

void ms_ue_proof_end(struct ms_ue_program *p)
{
	(void)p;
	if (no_answer.name)
		ms_timer_stop(&no_answer);
}
