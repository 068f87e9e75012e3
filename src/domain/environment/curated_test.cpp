#include "domain/environment/curated.h"

#include <gtest/gtest.h>

namespace lazurite {
namespace {

TEST(Curated, EveryWayToWriteAReferenceMeansTheSameName) {
  for (const std::string_view reference :
       {"sklearn-1.5", "AzureML-sklearn-1.5", "azureml:AzureML-sklearn-1.5@latest",
        "azureml:AzureML-sklearn-1.5:7",
        "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
        "azureml://registries/azureml/environments/sklearn-1.5/versions/24"}) {
    EXPECT_EQ(CuratedName(reference), "sklearn-1.5") << reference;
    const auto found = FindCurated(reference);
    ASSERT_TRUE(found.has_value()) << reference;
    EXPECT_EQ(found->python, "3.10");
  }
}

TEST(Curated, ANameThatIsNotInTheTableIsNotGuessed) {
  EXPECT_FALSE(FindCurated("my-own-environment").has_value());
  EXPECT_FALSE(FindCurated("").has_value());
  EXPECT_FALSE(FindCurated("azureml://registries/azureml").has_value());
  EXPECT_FALSE(FindCurated("AzureML-sklearned").has_value());
}

TEST(Curated, TheMostExactRowComesFirst) {
  const auto exact = FindCurated("AzureML-acpt-pytorch-2.8-cuda12.6");
  ASSERT_TRUE(exact.has_value());
  EXPECT_EQ(exact->packages.front(), "torch==2.8.*");
  const auto other = FindCurated("AzureML-acpt-pytorch-2.2-cuda12.1");
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(other->packages.front(), "torch==2.8.*");
}

TEST(Curated, TheNearestNameIsFound) {
  EXPECT_EQ(NearestCurated("AzureML-sklern-1.5"), "AzureML-sklearn-1.5");
  EXPECT_EQ(NearestCurated("azureml:AzureML-skleran-1.5@latest"), "AzureML-sklearn-1.5");
  EXPECT_EQ(NearestCurated("azureml://registries/azureml/environments/tensorflw-2.16"),
            "tensorflow-2.16");
  EXPECT_EQ(NearestCurated("AzureML-something-else-entirely"), "");
  for (const std::string& name : CuratedNames()) EXPECT_TRUE(FindCurated(name)) << name;
}

TEST(Images, PlainPythonIsKnownWithItsVersion) {
  struct Case {
    std::string_view image, python;
  };
  for (const Case& c : {Case{"python", ""}, Case{"python:latest", ""}, Case{"python:3.11", "3.11"},
                        Case{"library/python:3.11.6", "3.11"}, Case{"python:3-slim", ""},
                        Case{"docker.io/library/python:3.12-slim-bookworm", "3.12"},
                        Case{"mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest", ""},
                        Case{"mcr.microsoft.com/azureml/minimal-py312-inference:latest", "3.12"}}) {
    const auto known = FindImage(c.image);
    ASSERT_TRUE(known.has_value()) << c.image;
    EXPECT_EQ(known->python, c.python) << c.image;
  }
}

TEST(Images, OthersAreUnknown) {
  for (const std::string_view image : {"pytorch/pytorch:latest", "python-custom", "me/python:3.11",
                                       "ubuntu:22.04", "docker.io/tensorflow/serving"}) {
    EXPECT_FALSE(FindImage(image).has_value()) << image;
  }
  EXPECT_TRUE(FindCuratedImage("mcr.microsoft.com/azureml/curated/sklearn-1.5:24").has_value());
  EXPECT_FALSE(FindCuratedImage("mcr.microsoft.com/azureml/curated/unknown:24").has_value());
  EXPECT_FALSE(FindCuratedImage("sklearn-1.5").has_value());
}

}  // namespace
}  // namespace lazurite
