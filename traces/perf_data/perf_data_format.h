// Numbers of the perf.data format: tools/perf/Documentation/perf.data-file-format.txt and
// include/uapi/linux/perf_event.h (both Linux 6.12); tools/perf/util/header.h and event.h for the user-space ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simsched::perf {

constexpr uint64_t kMagic = 0x32454c4946524550;         // "PERFILE2"
constexpr uint64_t kMagicForeign = 0x50455246494c4532;  // the same, written by a machine of the other byte order
constexpr size_t kFileHeaderSize = 104;
constexpr size_t kPipeHeaderSize = 16;
constexpr size_t kRecordHeaderSize = 8;
constexpr size_t kMinAttrSize = 64;  // PERF_ATTR_SIZE_VER0

enum RecordType : uint32_t {
  kRecordLost = 2,
  kRecordComm = 3,
  kRecordExit = 4,
  kRecordFork = 7,
  kRecordSample = 9,
  kRecordLostSamples = 13,
  // PERF_RECORD_USER_TYPE_START is 64: written by perf itself.
  kRecordHeaderAttr = 64,
  kRecordTracingData = 66,
  kRecordFinishedRound = 68,
  kRecordAuxtrace = 71,
  kRecordHeaderFeature = 80,
  kRecordCompressed = 81,
  kRecordFinishedInit = 82,
  kRecordCompressed2 = 83,
};

constexpr uint16_t kMiscCommExec = 1 << 13;

enum Feature : uint32_t {
  kFeatureTracingData = 1,
  kFeatureOsRelease = 4,
  kFeatureNrCpus = 7,
  kFeatureCpuTopology = 13,
  kFeatureNumaTopology = 14,
  kFeatureCache = 20,
  kFeatureDirFormat = 24,
  kFeatureCount = 256
};

enum SampleType : uint64_t {
  kSampleIp = 1 << 0,
  kSampleTid = 1 << 1,
  kSampleTime = 1 << 2,
  kSampleAddr = 1 << 3,
  kSampleRead = 1 << 4,
  kSampleCallchain = 1 << 5,
  kSampleId = 1 << 6,
  kSampleCpu = 1 << 7,
  kSamplePeriod = 1 << 8,
  kSampleStreamId = 1 << 9,
  kSampleRaw = 1 << 10,
  kSampleIdentifier = 1 << 16,
};

enum ReadFormat : uint64_t {
  kReadTimeEnabled = 1 << 0,
  kReadTimeRunning = 1 << 1,
  kReadId = 1 << 2,
  kReadGroup = 1 << 3,
  kReadLost = 1 << 4,
};

// Bits of the flag word of perf_event_attr, at offset 40.
constexpr uint64_t kAttrTask = 1 << 13, kAttrSampleIdAll = 1 << 18, kAttrCommExec = 1 << 24;

}  // namespace simsched::perf
