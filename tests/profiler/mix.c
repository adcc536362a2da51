// A program of two functions that do the same work, the first three times as often as the second,
// in random order: mix MILLISECONDS SEED. It prints the CPU time in ns that each of them took.

#define _GNU_SOURCE
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 200000

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define WORK(name)                                                       \
    __attribute__((noinline, noclone)) uint64_t name(uint64_t state)     \
    {                                                                    \
        volatile uint64_t x = state;                                     \
        for (int i = 0; i < ROUNDS; i++)                                 \
            x = x * 6364136223846793005u + 1442695040888963407u;         \
        return x;                                                        \
    }

WORK(three_parts)
WORK(one_part)

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    uint64_t end = cpu_ns() + strtoull(argv[1], 0, 10) * 1000000u, spent[2] = {0, 0}, state = 1;
    srandom((unsigned)strtoul(argv[2], 0, 10));
    while (cpu_ns() < end) {
        int which = random() % 4 == 0;
        uint64_t before = cpu_ns();
        state = which ? one_part(state) : three_parts(state);
        spent[which] += cpu_ns() - before;
    }
    printf("%" PRIu64 " %" PRIu64 "\n", spent[0], spent[1]);
    return state == 0;
}
