// The series store on the schema that is really there; storage itself cannot see the schema.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "base/file.h"
#include "domain/schema/database_test.h"
#include "storage/series/series_store.h"

namespace lazurite {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const SeriesKey kLoss{"run", "loss", "", ""};

class SeriesTest : public DatabaseTest {
 protected:
  void Append(const std::vector<SeriesPoint>& points) {
    const Status status = database_->WriteNow(
        [&](Transaction& transaction) { return store_->Append(transaction, points); });
    ASSERT_TRUE(status.ok()) << status.text();
  }
  template <typename Read>
  auto Get(Read read) {
    using Value = std::decay_t<decltype(*read(std::declval<Transaction&>()))>;
    Value value{};
    const Status status = database_->ReadNow([&](Transaction& transaction) {
      ASSIGN_OR_RETURN(value, read(transaction));
      return Status();
    });
    EXPECT_TRUE(status.ok()) << status.text();
    return value;
  }
  std::vector<Point> Page(const SeriesKey& key, const PointCursor& after = {}, int limit = 100) {
    return Get(
        [&](Transaction& transaction) { return store_->Page(transaction, key, after, limit); });
  }
  std::vector<Bucket> Thin(std::pair<int64_t, int64_t> steps, int buckets) {
    return Get(
        [&](Transaction& transaction) { return store_->Thin(transaction, kLoss, steps, buckets); });
  }

  std::unique_ptr<SeriesStore> store_ = MakeSqliteSeriesStore();
};

TEST_F(SeriesTest, EveryDoubleComesBackExactly) {
  const std::vector<double> values = {
      -kInfinity, std::numeric_limits<double>::lowest(), -1.5,      -5e-324, 0, 5e-324,
      0.1,        std::numeric_limits<double>::max(),    kInfinity, kNan};
  std::vector<SeriesPoint> points;
  for (const double value : values) points.push_back({kLoss, {.step = 1, .value = value}});
  Append(points);
  const std::vector<Point> page = Page(kLoss);
  ASSERT_EQ(page.size(), values.size());
  for (size_t i = 0; i + 1 < values.size(); ++i) EXPECT_EQ(page[i].value, values[i]);
  EXPECT_TRUE(std::isnan(page.back().value));
}

TEST_F(SeriesTest, AnEqualPointIsDroppedAndAnyOtherKept) {
  Append({{kLoss, {1, 10, 0.5}}, {kLoss, {1, 10, 0.5}}, {kLoss, {2, 10, kNan}}});
  Append({{kLoss, {1, 10, 0.5}}, {kLoss, {2, 10, kNan}}, {kLoss, {1, 11, 0.5}}});
  EXPECT_EQ(Page(kLoss).size(), 3U);
}

TEST_F(SeriesTest, PagesFollowTimeThenStepThenValue) {
  Append({{kLoss, {5, 20, 1}},
          {kLoss, {1, 30, 1}},
          {kLoss, {9, 10, 1}},
          {kLoss, {5, 20, -1}},
          {kLoss, {4, 20, 7}}});
  std::vector<Point> all;
  PointCursor after;
  while (true) {
    const std::vector<Point> page = Page(kLoss, after, 2);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 2U);
    all.insert(all.end(), page.begin(), page.end());
    after = page.back();
  }
  const std::vector<Point> expected = {{9, 10, 1}, {4, 20, 7}, {5, 20, -1}, {5, 20, 1}, {1, 30, 1}};
  ASSERT_EQ(all.size(), expected.size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_TRUE(SamePoint(all[i], expected[i])) << i;
}

TEST_F(SeriesTest, SeriesOfOneMetricAreApart) {
  const SeriesKey of_model{"run", "loss", "m-1", "data"};
  Append({{kLoss, {1, 1, 1}}, {of_model, {1, 1, 2}}, {{"other", "loss", "", ""}, {1, 1, 3}}});
  ASSERT_EQ(Page(of_model).size(), 1U);
  EXPECT_EQ(Page(of_model)[0].value, 2);
  EXPECT_EQ(Page({"run", "unknown", "", ""}).size(), 0U);
}

TEST_F(SeriesTest, TheLatestIsByStepThenTimeThenValue) {
  const auto latest = [&](const SeriesKey& key) {
    return Get([&](Transaction& transaction) { return store_->Latest(transaction, key); });
  };
  EXPECT_FALSE(latest(kLoss).has_value());
  Append({{kLoss, {3, 10, 1}}, {kLoss, {2, 99, 9}}});
  Append({{kLoss, {3, 10, 0.5}}});
  EXPECT_TRUE(SamePoint(*latest(kLoss), {3, 10, 1}));
  Append({{kLoss, {3, 11, -5}}, {{"run", "acc", "", ""}, {0, 0, kNan}}});
  EXPECT_TRUE(SamePoint(*latest(kLoss), {3, 11, -5}));
  const auto all =
      Get([&](Transaction& transaction) { return store_->LatestOfRun(transaction, "run"); });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].key.metric, "acc");
  EXPECT_TRUE(std::isnan(all[0].point.value));
  EXPECT_TRUE(SamePoint(all[1].point, {3, 11, -5}));
}

TEST_F(SeriesTest, ThinningKeepsSpikes) {
  std::vector<SeriesPoint> points;
  for (int64_t step = 0; step < 1000; ++step) {
    points.push_back({kLoss, {step, step, step == 777 ? 50.0 : 1.0}});
  }
  points.push_back({kLoss, {500, 0, kNan}});
  Append(points);
  const std::vector<Bucket> buckets = Thin({0, 999}, 10);
  ASSERT_EQ(buckets.size(), 10U);
  EXPECT_EQ(buckets[7].max, 50);
  EXPECT_EQ(buckets[7].min, 1);
  EXPECT_EQ(buckets[7].count, 100);
  EXPECT_EQ(buckets[7].first.step, 700);
  EXPECT_EQ(buckets[7].last.step, 799);
  EXPECT_EQ(buckets[5].count, 101);
  EXPECT_EQ(buckets[5].max, 1) << "NaN is no largest value";
}

TEST_F(SeriesTest, ThinningTakesAnyRange) {
  Append({{kLoss, {INT64_MIN, 0, 1}}, {kLoss, {0, 0, kNan}}, {kLoss, {INT64_MAX, 0, 2}}});
  EXPECT_EQ(Thin({INT64_MIN, INT64_MAX}, 2).size(), 2U);
  EXPECT_EQ(Thin({1, INT64_MAX}, 1).size(), 1U);
  const std::vector<Bucket> exact = Thin({-1, 1}, 100);
  ASSERT_EQ(exact.size(), 1U);
  EXPECT_TRUE(std::isnan(exact[0].min));
  EXPECT_EQ(Thin({10, 20}, 5).size(), 0U);
}

TEST_F(SeriesTest, BoundsAreChecked) {
  const Status status = database_->ReadNow([&](Transaction& transaction) {
    EXPECT_EQ(store_->Page(transaction, kLoss, {}, 0).status().code(), Code::kInvalidArgument);
    EXPECT_EQ(
        store_->Thin(transaction, kLoss, {0, 1}, SeriesStore::kBucketsMax + 1).status().code(),
        Code::kInvalidArgument);
    EXPECT_EQ(store_->Thin(transaction, kLoss, {2, 1}, 5).status().code(), Code::kInvalidArgument);
    return Status();
  });
  EXPECT_TRUE(status.ok());
}

TEST_F(SeriesTest, ARemovedRunLeavesTheOthers) {
  const SeriesKey other{"other", "loss", "", ""};
  Append({{kLoss, {1, 1, 1}}, {other, {1, 1, 3}}});
  const Status status = database_->WriteNow(
      [&](Transaction& transaction) { return store_->RemoveRun(transaction, "run"); });
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(Page(kLoss).size(), 0U);
  EXPECT_EQ(Page(other).size(), 1U);
}

}  // namespace
}  // namespace lazurite
