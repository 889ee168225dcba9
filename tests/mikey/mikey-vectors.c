/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mikey-vectors [--readings-apart] [--verbose] DIR...: runs all MIKEY-TICKET test vectors in
 * directories.
 *
 *   -r, --readings-apart   failures of level "reading" do not count; they are listed and their
 *                          number is printed
 *   -v, --verbose          name passed and skipped vectors too
 *
 * What a file holds is told by its "kind". The last line is "N passed, N failed", with ", N skipped"
 * if there are any; the exit code is 0 only if nothing failed and something passed.
 */
#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mikey-vectors.h"

static const struct vec_kind kinds[] = {
	{ "prf", vec_run_prf },
	{ "derive", vec_run_derive },
	{ "kemac", vec_run_kemac },
	{ "verify", vec_run_verify },
	{ "payload", vec_run_payload },
	{ "hdr", vec_run_hdr },
	{ "keydata", vec_run_keydata },
	{ "ticket", vec_run_ticket },
	{ "truncation", vec_run_truncation },
	{ "policy", vec_run_policy },
	{ "sdp", vec_run_sdp },
	{ "exchange", vec_run_exchange },
	{ "negative", vec_run_negative },
	{ "state", vec_run_state },
	{ "error", vec_run_error },
};

static void bad_file(struct vec_run *run, const char *why)
{
	printf("FAILED %s: %s\n", run->file, why);
	run->failed++;
}

static void run_document(struct vec_run *run, json_t *doc)
{
	const char *schema = json_string_value(json_object_get(doc, "schema"));
	const char *kind = json_string_value(json_object_get(doc, "kind"));
	json_t *vectors = json_object_get(doc, "vectors");

	/* An index: it names files and counts, and holds no vectors itself. */
	if (!kind && !vectors && json_is_array(json_object_get(doc, "files")))
		return;
	if (!schema || strcmp(schema, "mikey-ticket-vectors/2") != 0) {
		bad_file(run, "another schema");
		return;
	}
	for (size_t i = 0; kind && vectors && i < MS_ARRAY_SIZE(kinds); i++) {
		if (strcmp(kind, kinds[i].kind) == 0) {
			kinds[i].run(run, vectors);
			return;
		}
	}
	bad_file(run, "unknown kind");
}

/* All documents of all directories: some kinds refer to exchanges, which may be in another file. */
struct documents {
	json_t *doc[256];
	char name[256][256];
	const char *dir[256];
	size_t n;
};

static bool is_json(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

static void load(struct vec_run *run, const char *dir, const char *name, struct documents *d)
{
	char path[1024];
	json_error_t error;

	run->file = name;
	if (d->n == MS_ARRAY_SIZE(d->doc) ||
	    snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
		bad_file(run, "too many files or too long a path");
		return;
	}
	d->doc[d->n] = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!d->doc[d->n]) {
		bad_file(run, error.text);
		return;
	}
	snprintf(d->name[d->n], sizeof(d->name[d->n]), "%s", name);
	d->dir[d->n] = dir;
	d->n++;
}

static void load_directory(struct vec_run *run, const char *dir, struct documents *d)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	run->file = dir;
	if (n < 0) {
		bad_file(run, "cannot read the directory");
		return;
	}
	for (int i = 0; i < n; i++) {
		if (is_json(entries[i]->d_name))
			load(run, dir, entries[i]->d_name, d);
		free(entries[i]);
	}
	free(entries);
}

/* Exchanges of one directory, or of all others. */
static void add_bases(struct vec_run *run, const struct documents *d, const char *dir, bool others)
{
	for (size_t i = 0; i < d->n; i++) {
		const char *kind = json_string_value(json_object_get(d->doc[i], "kind"));

		if (kind && strcmp(kind, "exchange") == 0 && (d->dir[i] == dir) != others)
			json_array_extend(run->base, json_object_get(d->doc[i], "vectors"));
	}
}

static void run_all(struct vec_run *run, const struct documents *d)
{
	for (size_t i = 0; i < d->n; i++) {
		/* Those of its own directory are found first. */
		run->base = json_array();
		add_bases(run, d, d->dir[i], false);
		add_bases(run, d, d->dir[i], true);
		run->file = d->name[i];
		run_document(run, d->doc[i]);
		json_decref(run->base);
	}
	run->base = NULL;
	for (size_t i = 0; i < d->n; i++)
		json_decref(d->doc[i]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "readings-apart", no_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	static struct documents documents;
	struct vec_run run = { .passed = 0 };
	int c;

	while ((c = getopt_long(argc, argv, "rv", options, NULL)) != -1) {
		if (c == 'r')
			run.readings_apart = true;
		else if (c == 'v')
			run.verbose = true;
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "usage: mikey-vectors [--readings-apart] [--verbose] DIR...\n");
		return 2;
	}
	for (int i = optind; i < argc; i++)
		load_directory(&run, argv[i], &documents);
	run_all(&run, &documents);
	if (run.readings_apart)
		printf("%u failures set apart (level reading)\n", run.apart);
	printf("%u passed, %u failed", run.passed, run.failed);
	if (run.skipped > 0)
		printf(", %u skipped", run.skipped);
	printf("\n");
	return run.failed == 0 && run.passed > 0 ? 0 : 1;
}
