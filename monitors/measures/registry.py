"""Every measure by name, in the order of a report: a new one is a file and a line here."""

from __future__ import annotations

from typing import Final

from .attribute_inference import AttributeInference
from .category_adherence import CategoryAdherence
from .category_coverage import CategoryCoverage
from .closest_record_distance import ClosestRecordDistance
from .closest_record_share import ClosestRecordShare
from .copies import Copies
from .correlation_distance import CorrelationDistance
from .extremes import Extremes
from .feature_importance import FeatureImportance
from .group_results import GroupResults
from .hellinger import Hellinger
from .hull_coverage import HullCoverage
from .impossible_cells import ImpossibleCells
from .jensen_shannon import JensenShannon
from .kolmogorov_smirnov import KolmogorovSmirnov
from .kullback_leibler import KullbackLeibler
from .law_violations import LawViolations
from .maximum_mean_discrepancy import MaximumMeanDiscrepancy
from .measure import Measure
from .membership_inference import MembershipInference
from .missing_cells import MissingCells
from .moments import Moments
from .multivariate_hellinger import MultivariateHellinger
from .mutual_information import MutualInformation
from .near_copies import NearCopies
from .pair_total_variation import PairTotalVariation
from .propensity_error import PropensityError
from .range_adherence import RangeAdherence
from .range_coverage import RangeCoverage
from .rank_correlation_distance import RankCorrelationDistance
from .tail_shares import TailShares
from .total_variation import TotalVariation
from .train_real_test_real import TrainRealTestReal
from .train_real_test_synthetic import TrainRealTestSynthetic
from .train_synthetic_test_real import TrainSyntheticTestReal
from .wasserstein import Wasserstein

#: Measures by name.
MEASURES: Final[dict[str, type[Measure]]] = {
    "kolmogorov_smirnov": KolmogorovSmirnov,
    "total_variation": TotalVariation,
    "jensen_shannon": JensenShannon,
    "hellinger": Hellinger,
    "kullback_leibler": KullbackLeibler,
    "wasserstein": Wasserstein,
    "moments": Moments,
    "tail_shares": TailShares,
    "extremes": Extremes,
    "missing_cells": MissingCells,
    "correlation_distance": CorrelationDistance,
    "rank_correlation_distance": RankCorrelationDistance,
    "mutual_information": MutualInformation,
    "pair_total_variation": PairTotalVariation,
    "maximum_mean_discrepancy": MaximumMeanDiscrepancy,
    "multivariate_hellinger": MultivariateHellinger,
    "propensity_error": PropensityError,
    "range_coverage": RangeCoverage,
    "range_adherence": RangeAdherence,
    "category_coverage": CategoryCoverage,
    "category_adherence": CategoryAdherence,
    "hull_coverage": HullCoverage,
    "train_synthetic_test_real": TrainSyntheticTestReal,
    "train_real_test_synthetic": TrainRealTestSynthetic,
    "train_real_test_real": TrainRealTestReal,
    "feature_importance": FeatureImportance,
    "group_results": GroupResults,
    "copies": Copies,
    "near_copies": NearCopies,
    "closest_record_share": ClosestRecordShare,
    "closest_record_distance": ClosestRecordDistance,
    "membership_inference": MembershipInference,
    "attribute_inference": AttributeInference,
    "law_violations": LawViolations,
    "impossible_cells": ImpossibleCells,
}
