/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every file of the seed folders through LLVMFuzzerTestOneInput(), for builds without
 * libFuzzer. Each input is also tried cut short at many places and with bits flipped.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SEED (1 << 20)

/* A copy of exactly `size` octets on the heap, so that reading past the end is seen. */
static void run_exact(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void run_variants(uint8_t *data, size_t size)
{
	size_t step = size > 512 ? size / 512 : 1;

	run_exact(data, size);
	for (size_t i = 0; i < size; i += step) {
		run_exact(data, i);
		data[i] ^= (uint8_t)(1u << (i % 8));
		run_exact(data, size);
		data[i] ^= (uint8_t)(1u << (i % 8));
	}
}

static int run_file(const char *dir, const char *name)
{
	static uint8_t data[MAX_SEED];
	char path[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return -1;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	run_variants(data, n);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		if (!d) {
			perror(argv[i]);
			return 1;
		}
		while ((e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			if (run_file(argv[i], e->d_name) < 0)
				return 1;
			files++;
		}
		closedir(d);
	}
	printf("%u seeds replayed\n", files);
	return files > 0 ? 0 : 1;
}
