"""The fuzzing client of the Autobahn suite on Python 3: the suite's own cases, as `convert.py` leaves them, over Autobahn.

    fuzz.py URL REPORT [CASE...]     runs all cases, or those whose numbers begin like these, and writes what came of them

The cases are dealt out to as many processes as there are cores: it is this side that takes the time.

Fails unless every case behaves as the suite wants: OK, or where that is left open NON-STRICT or INFORMATIONAL.
"""

import codecs
import json
import multiprocessing
import os
import sys
import time
from collections import Counter

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol, connectWS
from autobahn.websocket import protocol as autobahn_protocol
from autobahn.websocket.protocol import WebSocketProtocol
from autobahntestsuite.case import Cases
from twisted.internet import reactor

GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
# Seconds that the whole suite may take.
PATIENCE = 1800


def to_bytes(payload):
    return payload.encode("latin-1") if isinstance(payload, str) else payload


def to_text(payload):
    return bytes(payload).decode("latin-1")


class Masker:
    """Masks as Autobahn does, but not byte by byte: that would take most of the time of the suite."""

    def __init__(self, mask, length=None):
        self.mask = mask
        self.reset()

    def reset(self):
        self.at = 0

    def pointer(self):
        return self.at

    def process(self, data):
        start = self.at % 4
        mask = (self.mask * (len(data) // 4 + 2))[start : start + len(data)]
        self.at += len(data)
        masked = int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")
        return masked.to_bytes(len(data), "little")


class Validator:
    """Looks whether bytes are UTF-8, for the same reason."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.at = 0

    def validate(self, data):
        self.at += len(data)
        try:
            self.decoder.decode(bytes(data))
        except UnicodeDecodeError:
            return False, False, 0, self.at
        return True, not self.decoder.getstate()[0], len(data), self.at


autobahn_protocol.createXorMasker = Masker
autobahn_protocol.Utf8Validator = Validator


class Fuzzer(WebSocketClientProtocol):
    """A connection, as the cases want to use it."""

    connectionWasOpen = False
    createWirelog = True

    def connectionMade(self):
        self.txFrameStats = {}
        super().connectionMade()

    def onOpen(self):
        self.connectionWasOpen = True
        self.runCase.onOpen()

    def onMessage(self, payload, isBinary):
        self.runCase.onMessage(to_text(payload), isBinary)

    def onPing(self, payload):
        self.runCase.onPing(to_text(payload))

    def onPong(self, payload):
        self.runCase.onPong(to_text(payload))

    def onClose(self, wasClean, code, reason):
        self.runCase.onClose(wasClean, code, reason)

    def connectionLost(self, reason):
        super().connectionLost(reason)
        self.runCase.onConnectionLost(self.failedByMe)
        self.factory.ended(self.runCase)

    # What cases send.

    def sendFrame(self, opcode, payload=b"", fin=True, rsv=0, mask=None, payload_len=None, chopsize=None, sync=False):
        payload = to_bytes(payload)
        if payload_len is not None:
            payload = (payload * (payload_len // len(payload) + 1))[:payload_len]
        super().sendFrame(opcode, payload, fin, rsv, to_bytes(mask), None, chopsize, sync)

    def sendMessage(self, payload, isBinary=False, **options):
        super().sendMessage(to_bytes(payload), isBinary, **options)

    def sendPing(self, payload=None):
        super().sendPing(to_bytes(payload))

    def sendPong(self, payload=None):
        super().sendPong(to_bytes(payload))

    def sendMessageFrame(self, payload, sync=False):
        super().sendMessageFrame(to_bytes(payload), sync)

    def sendMessageFrameData(self, payload, sync=False):
        return super().sendMessageFrameData(to_bytes(payload), sync)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super().sendCloseFrame(code, to_bytes(reasonUtf8), isReply)

    # What cases count and wait for.

    def enableWirelog(self, enable):
        self.createWirelog = enable

    def logTxFrame(self, frameHeader, payload, repeatLength, chopsize, sync):
        self.txFrameStats[frameHeader.opcode] = self.txFrameStats.get(frameHeader.opcode, 0) + 1

    def logRxFrame(self, frameHeader, payload):
        pass

    def logRxOctets(self, data):
        pass

    def logTxOctets(self, data, sync):
        pass

    def later(self, delay, what):
        reactor.callLater(delay, lambda: None if self.state == WebSocketProtocol.STATE_CLOSED else what())

    def continueLater(self, delay, fun, tag=None):
        self.later(delay, fun)

    def killAfter(self, delay):
        self.later(delay, self.failConnection)

    def closeAfter(self, delay):
        self.later(delay, self.sendClose)


class Fuzzing(WebSocketClientFactory):
    """One case after the other, a connection each."""

    def __init__(self, url, cases):
        super().__init__(url, useragent="groupcast conformance")
        self.setProtocolOptions(failByDrop=False)
        self.logFrames = True
        self.cases = cases
        self.results = {}
        self.begun = time.monotonic()
        self.next()

    def next(self):
        if len(self.results) < len(self.cases):
            connectWS(self)
        else:
            reactor.stop()

    def buildProtocol(self, addr):
        protocol = Fuzzer()
        protocol.factory = self
        protocol.runCase = self.cases[len(self.results)](protocol)
        return protocol

    def ended(self, case):
        now = time.monotonic()
        number = case_number(type(case))
        self.results[number] = {
            "behavior": case.behavior,
            "behaviorClose": case.behaviorClose,
            "result": case.result,
            "resultClose": case.resultClose,
            "milliseconds": round(1000 * (now - self.begun)),
        }
        self.begun = now
        if not is_good(self.results[number]):
            print(number, self.results[number], flush=True)
        reactor.callLater(0, self.next)

    def clientConnectionFailed(self, connector, reason):
        print("no connection:", reason.getErrorMessage())
        reactor.stop()


def case_number(case):
    return case.__name__[len("Case"):].replace("_", ".")


def is_good(result):
    return result["behavior"] in GOOD and result["behaviorClose"] in GOOD


def run(url, numbers):
    """Runs the cases of these numbers and gives what came of them, by these."""
    fuzzing = Fuzzing(url, [case for case in Cases if case_number(case) in numbers])
    reactor.callLater(PATIENCE, reactor.stop)
    reactor.run()
    return fuzzing.results


def main(url, report, wanted):
    is_wanted = lambda number: not wanted or any((number + ".").startswith(prefix + ".") for prefix in wanted)
    numbers = list(filter(is_wanted, map(case_number, Cases)))
    workers = min(os.cpu_count() or 1, max(len(numbers), 1))
    # Each process begins anew: a reactor cannot be shared.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        parts = pool.starmap(run, [(url, numbers[worker::workers]) for worker in range(workers)], chunksize=1)
    found = {number: result for part in parts for number, result in part.items()}
    results = {number: found[number] for number in numbers if number in found}
    with open(report, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    good = sum(map(is_good, results.values()))
    behaviors = Counter(result["behavior"] for result in results.values())
    print(", ".join(f"{count} {behavior}" for behavior, count in behaviors.most_common()))
    print(f"{good} of {len(numbers)}")
    return 0 if good == len(numbers) > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
