import json
import re
import sys


class Account:
    def __init__(self, owner):
        self.owner, self.balance, self.log = owner, 0, []

    def move(self, amount):
        self.balance += amount
        self.log.append((amount, self.balance))
        return self


def primes(limit):
    sieve = bytearray([1]) * limit
    for i in range(2, int(limit ** 0.5) + 1):
        if sieve[i]:
            sieve[i * i::i] = bytes(len(range(i * i, limit, i)))
    return sum(sieve) - 2


words = re.compile(r"(\w+)=(\d+)")
total = 0
for turn in range(int(sys.argv[1])):
    total += primes(3000)
    accounts = {f"owner{i}": Account(i) for i in range(40)}
    for i in range(1000):
        accounts[f"owner{i * 7 % 40}"].move(i - 300)
    text = ", ".join(f"{name}={abs(account.balance)}" for name, account in sorted(accounts.items()))
    total += sum(int(number) for _, number in words.findall(text))
    total += len(json.dumps(json.loads(json.dumps({"a": [1, 2.5, None] * 20, "b": text}))))
    total += sum(x * y for x, y in zip(range(500), reversed(range(500))) if x & 1)
print(total)
